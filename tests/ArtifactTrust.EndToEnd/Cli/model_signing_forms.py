"""model_signing_forms.py sign|verify MODEL SIGNATURE KEY HASH SHARD_SIZE: the forms of OMS that the Python client has for programs alone."""

import sys

from model_signing import hashing, signing, verifying

verb, model, signature, key, hash_type, shard = sys.argv[1:]
config = hashing.Config()
algorithm = {"blake2b": "blake2"}.get(hash_type, hash_type)
if int(shard) > 0:
    config = config.use_shard_serialization(hashing_algorithm=algorithm, shard_size=int(shard))
else:
    config = config.use_file_serialization(hashing_algorithm=algorithm)
if verb == "sign":
    signing.Config().use_elliptic_key_signer(private_key=key).set_hashing_config(config).sign(model, signature)
else:
    verifying.Config().use_elliptic_key_verifier(public_key=key).set_hashing_config(config).verify(model, signature)
