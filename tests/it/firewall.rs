//! Behind a region's firewall: a proxy with a password, a firewall that opens
//! TLS, and hosts that nobody may call.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::people::people;
use crate::world::{Sandbox, World};

/// One call read from a stream and made to the sandbox; its head as it came.
fn forward(stream: &mut (impl Read + Write), sandbox: &str) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let mut body = vec![0; field("content-length").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body)?;
    let (method, rest) = head.split_once(' ').unwrap();
    let target = rest.split(' ').next().unwrap();
    // A proxy is given whole addresses.
    let path = target.splitn(4, '/').nth(3).filter(|_| target.starts_with("http")).map(|path| format!("/{path}"));
    let path = path.unwrap_or_else(|| target.to_owned());
    let mut there = TcpStream::connect(sandbox)?;
    write!(
        there,
        "{method} {path} HTTP/1.1\r\nHost: {sandbox}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )?;
    there.write_all(&body)?;
    let mut answer = Vec::new();
    there.read_to_end(&mut answer)?;
    stream.write_all(&answer)?;
    stream.flush()?;
    Ok(head)
}

fn address(sandbox: &Sandbox) -> String {
    sandbox.pxweb.trim_start_matches("http://").split('/').next().unwrap().to_owned()
}

/// A proxy in front of the sandbox, whatever host is asked for; its port and what it has heard.
fn proxy(sandbox: &Sandbox) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let (noted, to) = (Arc::clone(&heard), address(sandbox));
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            if let Ok(head) = forward(&mut stream, &to) {
                noted.lock().unwrap().push(head);
            }
        }
    });
    (port, heard)
}

/// A firewall that opens TLS in front of the sandbox, with a certificate that is written to `ca_file`; its port.
fn opener(sandbox: &Sandbox, ca_file: &std::path::Path) -> u16 {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(ca_file, issuer.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![certificate.der().clone()], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = address(sandbox);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            if forward(&mut stream, &to).is_ok() {
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    port
}

fn with_http(world: &World, lines: &str) {
    world.edit("config/underlag.toml", "max_tries = 3\n", &format!("max_tries = 1\n{lines}\n"));
}

#[test]
fn a_run_goes_out_by_the_proxy_and_shows_its_password_nowhere() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    let (port, heard) = proxy(&sandbox);
    let direct = world.read("config/sources.toml");
    world.write("config/sources.toml", &direct.replace(&sandbox.pxweb, "http://statistik.example.org/pxweb/api/v2"));
    with_http(&world, &format!("proxy = \"http://127.0.0.1:{port}\""));
    let mut command = world.command(&["run", "folk"]);
    command.env("UNDERLAG_PROXY_AUTH", "regionen:hemligt").env("UNDERLAG_LOG", "trace");
    let ran = world.ran(command.output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let heard = heard.lock().unwrap();
    assert!(heard.len() >= 4, "{heard:?}");
    for head in heard.iter() {
        assert!(head.contains(" http://statistik.example.org/pxweb/api/v2/"), "{head}");
        // regionen:hemligt
        assert!(
            head.to_lowercase().contains("proxy-authorization: basic cmvnaw9uzw46agvtbglndA==".to_lowercase().as_str()),
            "{head}"
        );
    }
    for secret in ["hemligt", "cmVnaW9uZW46aGVtbGlndA"] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{secret}");
        for file in crate::local::files_below(&world.path("data")) {
            let text = std::fs::read(&file).unwrap();
            assert!(!String::from_utf8_lossy(&text).contains(secret), "{secret} in {}", file.display());
        }
    }
}

#[test]
fn a_firewall_that_opens_tls_is_believed_only_by_its_certificate() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    let port = opener(&sandbox, &world.path("config/ca.pem"));
    let direct = world.read("config/sources.toml");
    world.write(
        "config/sources.toml",
        &direct.replace(&sandbox.pxweb, &format!("https://localhost:{port}/pxweb/api/v2")),
    );
    with_http(&world, "");
    let ran = world.run(&["run", "folk"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.stderr.replace(&port.to_string(), "[port]"), @r"
    error[U0208]: pipeline folk: fetch folk: scb: the certificate of https://localhost:[port]/pxweb/api/v2/config is not trusted: it is issued by nobody that this machine trusts
    hint: if a firewall opens TLS here, give its certificate as [http] ca_file; if not, somebody stands in between
    ");
    assert!(sandbox.calls().is_empty());
    world.edit("config/underlag.toml", "max_tries = 1\n", "max_tries = 1\nca_file = \"ca.pem\"\n");
    world.ok(&["run", "folk"]);
    world.edit("config/underlag.toml", "\"ca.pem\"", "\"gone.pem\"");
    let ran = world.run(&["run", "folk"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.stderr, @"error[U0209]: could not set up the HTTP client: ca_file [world]/config/gone.pem: No such file or directory (os error 2)");
}

#[test]
fn a_host_outside_the_list_is_never_called() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    let direct = world.read("config/sources.toml");
    world.write("config/sources.toml", &direct.replace(&sandbox.pxweb, "https://statistik.example.org/pxweb/api/v2"));
    with_http(&world, "allow_hosts = [\"*.scb.se\", \"api.kolada.se\"]");
    let ran = world.run(&["run", "folk"]);
    assert_eq!(ran.code, 1);
    assert!(sandbox.calls().is_empty());
    insta::assert_snapshot!(ran.stderr, @r#"
    error[U0120]: pipeline folk: fetch folk: scb: https://statistik.example.org/pxweb/api/v2/config is not called: its host statistik.example.org is not among [http] allow_hosts
    hint: if it should be, add "statistik.example.org" to allow_hosts in underlag.toml, and let the firewall pass it
    "#);
}

#[test]
fn hosts_that_will_be_refused_are_found_by_check() {
    let world = World::new();
    with_http(&world, "allow_hosts = [\"*.scb.se\"]");
    world.write(
        "config/sources.toml",
        "version = 1\n\n[source.scb.pxweb]\nbase_url = \"https://api.scb.se/v2\"\ncredit = \"SCB\"\nlicence = \"CC0-1.0\"\n\n\
         [source.kolada.kolada]\nbase_url = \"https://api.kolada.se/v3\"\ncredit = \"RKA\"\nlicence = \"CC0-1.0\"\n\n\
         [source.filer.file]\nbase_url = \"https://Filer.example.org/\"\ncredit = \"X\"\nlicence = \"CC0-1.0\"\n\n\
         [source.har.kolada]\nbase_url = \"http://127.0.0.1:9/v3\"\ncredit = \"X\"\nlicence = \"CC0-1.0\"\n",
    );
    world.write(
        "pipelines/prov/pipeline.toml",
        "version = 1\ntitle = \"Prov\"\n\n[fetch.a.file]\nsource = \"filer\"\npath = \"a.csv\"\nformat = \"csv\"\n\n\
         [fetch.b.file]\nurl = \"https://www.scb.se.example.org/b.html\"\nformat = \"csv\"\nlink_pattern = \"b-{year}.csv\"\n\
         link_hosts = [\"www.scb.se\", \"filer.region.example\"]\n\n\
         [dataset.prov]\ntitle = \"Prov\"\nsql = \"prov.sql\"\nkey = [\"kod\", \"period\", \"namn_a\"]\ncolumn.namn_a = { type = \"text\", title = \"Namn\" }\n",
    );
    world.write("pipelines/prov/prov.sql", "SELECT 'riket' AS niva, '00' AS kod, '2024' AS period, 'x' AS namn_a");
    let ran = world.run(&["check"]);
    insta::assert_snapshot!(ran.stderr, @r#"
    warning[U0120]: the host api.kolada.se is not among `[http] allow_hosts`; no fetch uses `kolada` yet
     --> config/sources.toml:9:12
      |
    9 | base_url = "https://api.kolada.se/v3"
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: if it may be called, add "api.kolada.se" to allow_hosts in underlag.toml, and let the firewall pass it

    error[U0120]: the host filer.example.org is not among `[http] allow_hosts`: every fetch from `filer` will be refused
      --> config/sources.toml:14:12
       |
    14 | base_url = "https://Filer.example.org/"
       |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: if it may be called, add "filer.example.org" to allow_hosts in underlag.toml, and let the firewall pass it

    error[U0120]: the host www.scb.se.example.org is not among `[http] allow_hosts`: the fetch will be refused
      --> pipelines/prov/pipeline.toml:10:7
       |
    10 | url = "https://www.scb.se.example.org/b.html"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: if it may be called, add "www.scb.se.example.org" to allow_hosts in underlag.toml, and let the firewall pass it

    error[U0120]: the host filer.region.example is not among `[http] allow_hosts`: the fetch will be refused
      --> pipelines/prov/pipeline.toml:13:29
       |
    13 | link_hosts = ["www.scb.se", "filer.region.example"]
       |                             ^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: if it may be called, add "filer.region.example" to allow_hosts in underlag.toml, and let the firewall pass it

    4 problems in 2 files

    error[U0120]: 3 addresses of fetches lie on hosts that are not allowed
    "#);
    assert_eq!(ran.code, 2);
    world.edit(
        "config/underlag.toml",
        "\"*.scb.se\"",
        "\"*.scb.se\", \"*.example.org\", \"filer.region.example\", \"api.kolada.se\"",
    );
    let ran = world.run(&["check"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn mistakes_in_the_way_out_are_shown() {
    let world = World::new();
    with_http(
        &world,
        "proxy = \"http://u:p@proxy.example.org:8080\"\nno_proxy = [\"http://x\"]\nallow_hosts = [\"scb.se:443\"]\noutage_after = 1",
    );
    let ran = world.run(&["check"]);
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.stderr, @r#"
    error[U0108]: a URL in a configuration file must not hold a user or password
     --> config/underlag.toml:9:9
      |
    9 | proxy = "http://u:*@proxy.example.org:8080"
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: leave out what stands before the @, and give it as UNDERLAG_PROXY_AUTH=user:password in the environment

    error[U0108]: "http://x" is not a host
      --> config/underlag.toml:10:13
       |
    10 | no_proxy = ["http://x"]
       |             ^^^^^^^^^^
       |
       = hint: a name without scheme, port or path: "api.scb.se", or "*.scb.se" for all below scb.se

    error[U0108]: "scb.se:443" is not a host
      --> config/underlag.toml:11:16
       |
    11 | allow_hosts = ["scb.se:443"]
       |                ^^^^^^^^^^^^
       |
       = hint: a name without scheme, port or path: "api.scb.se", or "*.scb.se" for all below scb.se

    error[U0108]: `http.outage_after` is 1
      --> config/underlag.toml:12:16
       |
    12 | outage_after = 1
       |                ^
       |
       = hint: a whole number from 2 to 10000

    4 problems in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}
