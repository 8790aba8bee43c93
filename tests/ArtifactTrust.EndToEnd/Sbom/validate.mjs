// Validates documents against CycloneDX's published schema. Arguments: the schemas' folder, the version, then the documents.
// Prints one line a document: "valid" or "invalid" and the first error. Run where ajv and ajv-formats are installed.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "/"));
const Ajv = require("ajv");
const addFormats = require("ajv-formats");

const [folder, version, ...documents] = process.argv.slice(2);
const load = (path) => JSON.parse(readFileSync(path, "utf8"));
const ajv = new Ajv({ strict: false, allErrors: false, validateFormats: true });
addFormats(ajv);
// ajv-formats has no internationalized forms: no character that RFC 3987 excludes, and an address with one @.
ajv.addFormat("iri-reference", (s) => !/[\u0000-\u0020<>"{}|\\^`]/.test(s) && !/%(?![0-9a-fA-F]{2})/.test(s));
ajv.addFormat("idn-email", /^[^@\s]+@[^@\s]+$/);
for (const name of ["spdx.schema.json", "jsf-0.82.schema.json", "cryptography-defs.schema.json"]) {
  ajv.addSchema(load(join(folder, name)));
}
const validate = ajv.compile(load(join(folder, `bom-${version}.schema.json`)));
for (const document of documents) {
  const ok = validate(load(document));
  console.log(ok ? "valid" : `invalid ${validate.errors[0].instancePath} ${validate.errors[0].message}`);
}
