// Validates documents against the published schemas. Arguments: the schemas' folder, the version of CycloneDX ("1.6") or of SPDX
// ("spdx-2.3", "spdx-3.0.1"), then the documents.
// Prints one line a document: "valid" or "invalid" and the first error. Run where ajv and ajv-formats are installed.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "/"));
const Ajv = require("ajv");
const addFormats = require("ajv-formats");

const [folder, version, ...documents] = process.argv.slice(2);
const load = (path) => JSON.parse(readFileSync(path, "utf8"));
// SPDX 3 is written in a later draft of JSON Schema than the others.
const ajv = new (version === "spdx-3.0.1" ? require("ajv/dist/2020") : Ajv)({ strict: false, allErrors: false, validateFormats: true });
addFormats(ajv);
// ajv-formats has no internationalized forms: no character that RFC 3987 excludes, and an address with one @.
ajv.addFormat("iri-reference", (s) => !/[\u0000-\u0020<>"{}|\\^`]/.test(s) && !/%(?![0-9a-fA-F]{2})/.test(s));
ajv.addFormat("idn-email", /^[^@\s]+@[^@\s]+$/);
const referred = ["spdx.schema.json", "jsf-0.82.schema.json", "cryptography-defs.schema.json"];
for (const name of version.startsWith("spdx-") ? [] : referred) {
  ajv.addSchema(load(join(folder, name)));
}
const schema = version.startsWith("spdx-") ? join("spdx", `${version}.schema.json`) : `bom-${version}.schema.json`;
const validate = ajv.compile(load(join(folder, schema)));
for (const document of documents) {
  const ok = validate(load(document));
  console.log(ok ? "valid" : `invalid ${validate.errors[0].instancePath} ${validate.errors[0].message}`);
}
