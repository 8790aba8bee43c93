// Writes a table of many types as an Arrow file and stream. Argument: the folder. Run where apache-arrow is installed.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const arrow = createRequire(join(process.cwd(), "/"))("apache-arrow");
const column = (values, type) => arrow.vectorFromArray(values, type);
const table = new arrow.Table({
  id: column([1n, 2n, 3n], new arrow.Int64()),
  category: column(["x", "y", "x"], new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32())),
  value: column([1.5, null, 2], new arrow.Float64()),
  day: column([new Date(0), null, new Date(1e9)], new arrow.DateDay()),
  at: column([new Date(0), null, new Date(1e9)], new arrow.TimestampMillisecond()),
  list: column([[1, 2], [3], null], new arrow.List(new arrow.Field("item", new arrow.Int8(), true))),
  pair: column(
    [1, 2, 3].map((p) => ({ p, q: `${p}` })),
    new arrow.Struct([new arrow.Field("p", new arrow.Uint16(), true), new arrow.Field("q", new arrow.Utf8(), true)]),
  ),
  flag: column([true, false, null], new arrow.Bool()),
  amount: column([new Uint32Array([1, 0, 0, 0])], new arrow.Decimal(2, 10)),
});
for (const [name, layout] of [["table.arrow", "file"], ["table.arrows", "stream"]]) {
  writeFileSync(join(process.argv[2], name), arrow.tableToIPC(table, layout));
}
