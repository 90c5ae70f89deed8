#!/usr/bin/env python3
"""Mail through a server that is not ours: `underlag notify --test` against aiosmtpd.

    smtp.py UNDERLAG

UNDERLAG is the program. Certificates are made with openssl. Each case says what
the program must answer and what the server must have been given.
"""

import email
import email.policy
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

PASSWORD = "hemligt ord: åäö"


class Inbox:
    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((session, envelope))
        return "250 2.0.0 taken"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"underlag", PASSWORD.encode())
    # Not handled: the server answers 535 itself.
    return AuthResult(success=right, handled=right)


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def certificates(folder):
    """A CA of its own, and what it says of localhost."""
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=Regionens CA", "-addext", "basicConstraints=critical,CA:TRUE")
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr",
            "-subj", "/CN=localhost")
    (folder / "server.ext").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
    openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "server.pem", "-days", "2", "-extfile", "server.ext")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


def notify(program, folder, port, security, *, password=PASSWORD, ca=True, to=("drift@example.org",)):
    (folder / "underlag.toml").write_text(f"""version = 1
data_dir = "data"
[publisher]
name = "Region Örebro län"
[notify.channel.drift.mail]
server = "localhost"
port = {port}
security = "{security}"
from = "underlag@example.org"
to = [{", ".join(f'"{address}"' for address in to)}]
user = "underlag"
{'ca_file = "ca.pem"' if ca else ""}
""")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("UNDERLAG_")}
    if password:
        environment["UNDERLAG_NOTIFY_PASSWORD_DRIFT"] = password
    return subprocess.run([program, "--config", folder / "underlag.toml", "notify", "--test", "drift"], text=True,
                          capture_output=True, env=environment, timeout=120)


def expect(ran, code, *texts):
    said = ran.stdout + ran.stderr
    assert ran.returncode == code, (ran.returncode, said)
    for text in texts:
        assert text in said, (text, said)
    for secret in (PASSWORD, "fel ord"):
        assert secret not in said, said


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        context = certificates(folder)
        options = {"authenticator": authenticate, "auth_required": True}
        inbox = Inbox()
        ways = {
            "starttls": Controller(inbox, hostname="127.0.0.1", port=0, tls_context=context, require_starttls=True,
                                   **options),
            "tls": Controller(inbox, hostname="127.0.0.1", port=0, ssl_context=context, auth_require_tls=False, **options),
        }
        for security, controller in ways.items():
            # Port 0 would leave the controller looking for itself there.
            controller.port = free_port()
            controller.start()
            try:
                ran = notify(program, folder, controller.port, security, to=("drift@example.org", "b@example.org"))
                expect(ran, 0, f"drift (mail): localhost:{controller.port} answered 250 2.0.0 taken")
                session, envelope = inbox.mails.pop()
                assert not inbox.mails
                # Of implicit TLS the session does not tell; without it, nothing would have come.
                assert (session.ssl is not None or security == "tls") and session.authenticated, session
                assert envelope.rcpt_tos == ["drift@example.org", "b@example.org"], envelope.rcpt_tos
                assert envelope.mail_from == "underlag@example.org"
                mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
                assert not mail.defects, mail.defects
                assert mail["Subject"] == "[underlag] a test message", mail["Subject"]
                assert mail["From"].addresses[0].display_name == "Underlag, Region Örebro län", mail["From"]
                assert mail["Auto-Submitted"] == "auto-generated"
                assert mail["Message-ID"].endswith("@example.org>") and mail["Date"].datetime is not None
                assert "Region Örebro län" in mail.get_content(), mail.get_content()
                expect(notify(program, folder, controller.port, security, password="fel ord"), 1,
                       "does not accept user underlag with this password: 535", "hint: ")
                expect(notify(program, folder, controller.port, security, password=None), 1,
                       "there is no password for underlag", "LoadCredential=notify-password-drift")
                expect(notify(program, folder, controller.port, security, ca=False), 1,
                       "is not trusted: it is issued by nobody that this machine trusts", "hint: nothing was sent")
                assert not inbox.mails
            finally:
                controller.stop()
            print(f"{security}: taken, and refused as it should be")
        expect(notify(program, folder, free_port(), "tls"), 1, "nobody listens there")


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


if __name__ == "__main__":
    main()
