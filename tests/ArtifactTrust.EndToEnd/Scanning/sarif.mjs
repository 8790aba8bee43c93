// Validates documents against SARIF's published schema. Arguments: the schema, then the documents.
// Prints one line a document: "valid" or "invalid" and the first error. Run where ajv and ajv-formats are installed.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "/"));
const Ajv = require("ajv");
const addFormats = require("ajv-formats");

const [schema, ...documents] = process.argv.slice(2);
const load = (path) => JSON.parse(readFileSync(path, "utf8"));
const ajv = new Ajv({ strict: false, allErrors: false, validateFormats: true, unicodeRegExp: false });
addFormats(ajv);
// It is of draft 4, of which it uses nothing that draft 7 reads otherwise but these two members.
const { id, $schema, ...rest } = load(schema);
const validate = ajv.compile(rest);
for (const document of documents) {
  const ok = validate(load(document));
  console.log(ok ? "valid" : `invalid ${validate.errors[0].instancePath} ${validate.errors[0].message}`);
}
