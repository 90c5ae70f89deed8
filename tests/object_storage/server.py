"""A SeaweedFS on free ports of loopback, with one bucket and one pair of keys, gone when the block is left."""

import contextlib
import json
import pathlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow.fs

KEY, SECRET, BUCKET = "underlag-prov", "mycket-hemlig-nyckel", "lager"


@dataclass(frozen=True)
class Server:
    endpoint: str

    def files(self, secret: str = SECRET) -> pyarrow.fs.S3FileSystem:
        """The bucket as a reader that knows nothing of Underlag sees it."""
        return pyarrow.fs.S3FileSystem(
            access_key=KEY,
            secret_key=secret,
            endpoint_override=self.endpoint.removeprefix("http://"),
            scheme="http",
            region="us-east-1",
            allow_bucket_creation=True,
        )

    def environment(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}


def free_ports(count: int) -> list[int]:
    """All below the range that connections going out are given ports from."""
    ports, port = [], 21000
    while len(ports) < count:
        port += 1
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports.append(port)
    return ports


@contextlib.contextmanager
def running(weed: str, folder: pathlib.Path) -> Iterator[Server]:
    data = folder / "seaweedfs"
    data.mkdir()
    identity = {
        "name": "underlag",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = ("master.port", "volume.port", "filer.port", "s3.port")
    ports = free_ports(2 * len(names))
    options = []
    for name, port, grpc in zip(names, ports[::2], ports[1::2]):
        options += [f"-{name}={port}", f"-{name}.grpc={grpc}"]
    endpoint = f"http://127.0.0.1:{ports[6]}"
    with (folder / "seaweedfs.log").open("w") as log:
        process = subprocess.Popen(
            [
                *(weed, "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
                *("-filer", "-s3", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
                *("-volume.max=8", "-master.volumeSizeLimitMB=256"),
                *options,
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            server = Server(endpoint)
            wait_for(server, process, folder / "seaweedfs.log")
            yield server
        finally:
            process.kill()
            process.wait()


def wait_for(server: Server, process: subprocess.Popen, log: pathlib.Path) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            server.files().create_dir(BUCKET)
            with server.files().open_output_stream(f"{BUCKET}/up") as file:
                file.write(b"1")
            return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"SeaweedFS does not answer: {error}\n{log.read_text()[-2000:]}") from error
            time.sleep(0.3)
