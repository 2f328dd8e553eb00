"""``python -m extensions.data``: writes the present size and hash of each table into data/datapackage.json (`make hashes`)."""

import hashlib
import json
from pathlib import Path

path = Path("data/datapackage.json")
package = json.loads(path.read_text("utf-8"))
for resource in package["resources"]:
    data = (path.parent / resource["path"]).read_bytes()
    resource |= {"bytes": len(data), "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}
path.write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", "utf-8")
