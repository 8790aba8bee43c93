// Reads files with other people's readers, as a second opinion. Arguments: files. Prints one JSON object a line.
// Run where @huggingface/gguf, apache-arrow, hyparquet, onnx-proto and papaparse are installed.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.cwd(), "/"));

const readers = {
  ".csv": csv,
  ".tsv": csv,
  ".json": (bytes) => {
    const value = JSON.parse(bytes.toString("utf8"));
    return Array.isArray(value) ? { rows: value.length, columns: keysOf(value) } : { rows: null, keys: Object.keys(value) };
  },
  ".arrow": (bytes) => {
    const table = require("apache-arrow").tableFromIPC(bytes);
    return { rows: table.numRows, columns: table.schema.fields.map((f) => f.name), batches: table.batches.length };
  },
  ".arrows": (bytes) => readers[".arrow"](bytes),
  ".gguf": async (bytes, path) => {
    const { gguf } = await import(pathToFileURL(require.resolve("@huggingface/gguf")));
    const { metadata, tensorInfos, parameterCount } = await gguf(path, { allowLocalFile: true, computeParametersCount: true });
    return { architecture: metadata["general.architecture"], tensors: tensorInfos.length, parameters: parameterCount };
  },
  ".parquet": async (bytes) => {
    const { parquetMetadata } = await import(pathToFileURL(require.resolve("hyparquet")));
    const metadata = parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    return {
      rows: Number(metadata.num_rows),
      columns: metadata.schema.filter((s) => !s.num_children).map((s) => s.name),
      createdBy: metadata.created_by ?? null,
      rowGroups: metadata.row_groups.length,
    };
  },
  ".onnx": (bytes) => {
    const model = require("onnx-proto").onnx.ModelProto.decode(bytes);
    const facts = { nodes: 0, initializers: 0, parameters: 0, constants: 0, constantElements: 0, operators: {} };
    const elements = (tensor) => tensor.dims.reduce((product, d) => product * Number(d), 1);
    const graph = (g) => {
      for (const node of g.node) {
        facts.nodes++;
        const name = node.domain && node.domain !== "ai.onnx" ? `${node.domain}::${node.opType}` : node.opType;
        facts.operators[name] = (facts.operators[name] ?? 0) + 1;
        for (const attribute of node.attribute) {
          for (const tensor of [attribute.t, ...attribute.tensors].filter(Boolean)) {
            facts.constants++;
            facts.constantElements += elements(tensor);
          }
          for (const inner of [attribute.g, ...attribute.graphs].filter(Boolean)) graph(inner);
        }
      }
      for (const tensor of g.initializer) {
        facts.initializers++;
        facts.parameters += elements(tensor);
      }
    };
    graph(model.graph);
    return {
      irVersion: Number(model.irVersion),
      producer: model.producerName,
      graph: model.graph.name,
      inputs: model.graph.input.map((i) => i.name),
      outputs: model.graph.output.map((o) => o.name),
      ...facts,
    };
  },
};

function csv(bytes) {
  const parsed = require("papaparse").parse(bytes.toString("utf8").replace(/^\uFEFF/, ""), { skipEmptyLines: true });
  return { rows: parsed.data.length - 1, columns: parsed.data[0].map((c) => c.trim()) };
}

function keysOf(rows) {
  const keys = new Set();
  for (const row of rows) {
    if (row && typeof row === "object" && !Array.isArray(row)) Object.keys(row).forEach((k) => keys.add(k));
  }
  return [...keys];
}

for (const file of process.argv.slice(2)) {
  console.log(JSON.stringify(await readers[extname(file)](readFileSync(file), file)));
}
