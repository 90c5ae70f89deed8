//! `underlag notify --test`: who is asked, what is said, and that no secret is in it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::local::{local, three};

const CHANNELS: &str = "\
    [notify.channel.chatt.webhook]\nform = \"text\"\n\
    [notify.channel.drift.mail]\nserver = \"127.0.0.1\"\nsecurity = \"none\"\nport = 1\n\
    from = \"underlag@example.org\"\nto = [\"drift@example.org\"]\n";

#[test]
fn a_test_message_is_sent_now_and_the_answer_is_said() {
    let world = local(&three());
    let none = world.run(&["notify", "--test"]);
    assert_eq!(none.code, 2, "{}", none.stderr);
    assert!(none.stderr.contains("nobody is told: underlag.toml has no [notify.channel.NAME.mail] or .webhook"));
    assert_eq!(world.run(&["notify"]).code, 2);

    let text = world.read("config/underlag.toml");
    world.write("config/underlag.toml", &format!("{text}\n{CHANNELS}"));
    let unknown = world.run(&["notify", "--test", "drfit"]);
    assert_eq!(
        (unknown.code, unknown.stderr.as_str()),
        (2, "error[U0902]: there is no channel drfit\nhint: did you mean drift?\n")
    );

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hemlig-del", listener.local_addr().unwrap());
    let service = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"}") {
            let mut byte = [0];
            assert_eq!(stream.read(&mut byte).unwrap(), 1);
            bytes.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").unwrap();
        String::from_utf8(bytes).unwrap()
    });
    let mut command = world.command(&["notify", "--test"]);
    command.env("UNDERLAG_NOTIFY_URL_CHATT", &address).env("UNDERLAG_NOTIFY_SECRET_CHATT", "hemligt");
    let ran = world.ran(command.output().unwrap());
    // One channel is not held up by another.
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "chatt (webhook): http://127.0.0.1 answered 200 OK: ok\n"));
    assert!(ran.stderr.starts_with(
        "error[U0801]: drift (mail): could not connect to 127.0.0.1:[port]: nobody listens there\nhint: "
    ));
    assert!(!ran.stderr.contains("hemlig"), "{}", ran.stderr);
    let heard = service.join().unwrap();
    assert!(heard.contains("{\"text\":\"[underlag] a test message\"}"), "{heard}");
    assert!(heard.to_lowercase().contains("\r\nx-underlag-signature: sha256="), "{heard}");
}
