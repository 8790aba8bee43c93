// Makes the samples beside this file: npm i apache-arrow@21 parquet-wasm@0.8 lz4js && node samples.mjs; it needs the zstd program.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const arrow = require('apache-arrow');
const lz4 = require('lz4js');
const parquet = require('parquet-wasm');

const rows = [...Array(40).keys()];
const mail = rows.map(i => (i % 7 === 3 ? null : i % 2 === 0 ? `p${i}@mail.org` : `person${i}@mail.org`));
const column = (values, type) => arrow.vectorFromArray(values, type);
const utf8 = () => new arrow.Utf8();
const columns = {
  mail: column(mail, utf8()),
  large: column(mail, new arrow.LargeUtf8()),
  view: column(mail, new arrow.Utf8View()),
  city: column(rows.map(i => ['Paris', 'ann@mail.org', 'Rome'][i % 3]), new arrow.Dictionary(utf8(), new arrow.Int32())),
  note: column(rows.map(i => `nothing of note, again and again, in row ${i}`), utf8()),
  card: column(rows.map(() => 4539148803436467n), new arrow.Int64()),
  tags: column(rows.map(i => (i === 5 ? [] : [`tag${i}`, `t${i}@mail.org`])), new arrow.List(new arrow.Field('item', utf8()))),
  who: column(
    rows.map(i => ({ name: `n${i}`, ip: '52.95.110.1' })),
    new arrow.Struct([new arrow.Field('name', utf8()), new arrow.Field('ip', utf8())]),
  ),
  ok: column(rows.map(i => i % 2 === 0), new arrow.Bool()),
  raw: column(rows.map(i => new TextEncoder().encode(`b${i}@mail.org`)), new arrow.Binary()),
  picture: column(rows.map(i => new Uint8Array([0, 1, 2, i])), new arrow.Binary()),
};
const table = new arrow.Table(columns);
const { ZSTD, LZ4_FRAME } = arrow.CompressionType;
const codec = encode => ({ encode, decode: () => { throw new Error('not needed'); } });
arrow.compressionRegistry.set(ZSTD, codec(d => new Uint8Array(execFileSync('zstd', ['-qc'], { input: d }))));
arrow.compressionRegistry.set(LZ4_FRAME, codec(d => new Uint8Array(lz4.compress(d))));
writeFileSync('people.arrow', arrow.tableToIPC(table, 'file'));
writeFileSync('people.arrows', arrow.tableToIPC(table, 'stream'));
// Apache Arrow 21 for JavaScript writes the size after compressing where the format wants that before.
writeFileSync('people-sizes.arrows', arrow.tableToIPC(table, 'stream', ZSTD));
arrow.RecordBatchWriter.prototype._compressBodyBuffers = function (buffers) {
  const [regions, parts] = [[], []];
  let at = 0;
  for (const buffer of buffers) {
    const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    if (bytes.length === 0) {
      parts.push(new Uint8Array(0), new Uint8Array(0));
      regions.push({ offset: at, length: 0 });
      continue;
    }
    const packed = arrow.compressionRegistry.get(this._compression.type).encode(bytes);
    const isSmaller = packed.length < bytes.length;
    const prefix = new DataView(new ArrayBuffer(8));
    prefix.setBigInt64(0, BigInt(isSmaller ? bytes.length : -1), true);
    const body = isSmaller ? packed : new Uint8Array(bytes);
    parts.push(new Uint8Array(prefix.buffer), body);
    regions.push({ offset: at, length: 8 + body.length });
    at = (at + 8 + body.length + 7) & ~7;
  }
  return { byteLength: at, bufferRegions: regions, buffers: parts };
};
writeFileSync('people-zstd.arrow', arrow.tableToIPC(table, 'file', ZSTD));
writeFileSync('people-lz4.arrows', arrow.tableToIPC(table, 'stream', LZ4_FRAME));

const { mail: m, card, city, note } = columns;
const simple = arrow.tableToIPC(new arrow.Table({ mail: m, card, city, note }), 'stream');
for (const name of ['ZSTD', 'LZ4_RAW', 'GZIP', 'BROTLI', 'SNAPPY', 'LZ4']) {
  const properties = new parquet.WriterPropertiesBuilder().setCompression(parquet.Compression[name]).build();
  writeFileSync(`people-${name.toLowerCase()}.parquet`, parquet.writeParquet(parquet.Table.fromIPCStream(simple), properties));
}
