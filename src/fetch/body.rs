//! Reads a body that may be hostile: counts what comes over the wire and what
//! it unpacks to, and stops at either cap.

use std::fmt;
use std::io;
use std::pin::Pin;

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

/// What `body` can unpack, in the form of an `Accept-Encoding` header.
pub(super) const ACCEPTED: &str = "gzip, br, zstd";

/// RFC 9659: a zstd body on the web needs no window above 8 MB.
const ZSTD_WINDOW_LOG: u32 = 23;

#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    /// Bytes on the wire.
    pub wire: u64,
    /// Bytes after decompression.
    pub unpacked: u64,
}

#[derive(Debug)]
pub(super) enum BodyFault {
    /// The connection ended, stalled or broke before the body was whole, or its bytes make no sense.
    Broken(String),
    TooLarge,
    UnpacksTooLarge,
    UnknownEncoding,
}

impl fmt::Display for BodyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(reason) => f.write_str(reason),
            Self::TooLarge => f.write_str("larger than allowed on the wire"),
            Self::UnpacksTooLarge => f.write_str("unpacks to more than allowed"),
            Self::UnknownEncoding => f.write_str("compressed in an unknown way"),
        }
    }
}

impl std::error::Error for BodyFault {}

/// The unpacked body; `wire` is told of every chunk.
pub(super) async fn read(
    chunks: impl Stream<Item = Result<Bytes, BodyFault>> + Send,
    encoding: &str,
    caps: Caps,
    wire: impl Fn(u64) + Send,
) -> Result<Bytes, BodyFault> {
    let mut unpacked = unpack(chunks, encoding, caps, wire).await?;
    let mut body = Vec::new();
    (&mut unpacked).take(caps.unpacked.saturating_add(1)).read_to_end(&mut body).await.map_err(fault)?;
    if body.len() as u64 > caps.unpacked {
        return Err(BodyFault::UnpacksTooLarge);
    }
    Ok(Bytes::from(body))
}

/// The body as it unpacks, under the cap on the wire; the other cap is for who reads it. [`fault`] reads its errors.
pub(super) async fn unpack<'a>(
    chunks: impl Stream<Item = Result<Bytes, BodyFault>> + Send + 'a,
    encoding: &str,
    caps: Caps,
    wire: impl Fn(u64) + Send + 'a,
) -> Result<Pin<Box<dyn AsyncRead + Send + 'a>>, BodyFault> {
    let mut total = 0_u64;
    let counted = chunks.map(move |chunk| {
        let chunk = chunk.map_err(io::Error::other)?;
        total += chunk.len() as u64;
        wire(chunk.len() as u64);
        if total > caps.wire { Err(io::Error::other(BodyFault::TooLarge)) } else { Ok(chunk) }
    });
    let mut reader = StreamReader::new(Box::pin(counted));
    // Some servers name an encoding on an empty body, which no decoder takes.
    if reader.fill_buf().await.map_err(fault)?.is_empty() {
        return Ok(Box::pin(tokio::io::empty()));
    }
    Ok(match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Box::pin(reader),
        "gzip" | "x-gzip" => {
            let mut decoder = GzipDecoder::new(reader);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        "br" => Box::pin(BrotliDecoder::new(reader)),
        "zstd" => {
            let mut decoder = ZstdDecoder::with_params(reader, &[DParameter::window_log_max(ZSTD_WINDOW_LOG)]);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        _ => return Err(BodyFault::UnknownEncoding),
    })
}

/// Ours come through the decoders unchanged; the rest are theirs.
pub(super) fn fault(error: io::Error) -> BodyFault {
    let text = error.to_string();
    let ended = error.kind() == io::ErrorKind::UnexpectedEof;
    match error.into_inner().map(<dyn std::error::Error + Send + Sync>::downcast::<BodyFault>) {
        Some(Ok(ours)) => *ours,
        _ if ended => BodyFault::Broken("the compressed body ended too early".to_owned()),
        _ => BodyFault::Broken(format!("the body could not be decompressed: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZstdEncoder};
    use futures::stream;

    use super::*;

    const CAPS: Caps = Caps { wire: 100_000, unpacked: 1_000_000 };

    async fn packed(mut body: &[u8], encoding: &str) -> Vec<u8> {
        let mut out = Vec::new();
        match encoding {
            "gzip" => GzipEncoder::new(body).read_to_end(&mut out).await.unwrap(),
            "br" => BrotliEncoder::new(body).read_to_end(&mut out).await.unwrap(),
            "zstd" => ZstdEncoder::new(body).read_to_end(&mut out).await.unwrap(),
            _ => body.read_to_end(&mut out).await.unwrap(),
        };
        out
    }

    async fn unpack(wire: &[u8], encoding: &str, caps: Caps) -> Result<Bytes, BodyFault> {
        let chunks = wire.chunks(1_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect::<Vec<_>>();
        read(stream::iter(chunks), encoding, caps, |_| ()).await
    }

    #[tokio::test]
    async fn every_accepted_encoding_and_none() {
        let body: Vec<u8> = (0..50_000_u32).flat_map(|i| i.to_string().into_bytes()).take(90_000).collect();
        for encoding in ["gzip", "br", "zstd", ""] {
            let wire = packed(&body, encoding).await;
            assert_eq!(unpack(&wire, encoding, CAPS).await.unwrap(), body, "{encoding}");
            assert!(unpack(&[], encoding, CAPS).await.unwrap().is_empty());
            if !encoding.is_empty() {
                let cut = unpack(&wire[..wire.len() / 2], encoding, CAPS).await;
                assert!(matches!(cut, Err(BodyFault::Broken(_))), "{encoding}");
            }
        }
        assert!(matches!(unpack(b"x", "lzma", CAPS).await, Err(BodyFault::UnknownEncoding)));
        assert!(matches!(unpack(b"not gzip at all", "gzip", CAPS).await, Err(BodyFault::Broken(_))));
    }

    #[tokio::test]
    async fn bombs_stop_at_the_cap() {
        let zeros = vec![0; 3_000_000];
        for encoding in ["gzip", "br", "zstd"] {
            let wire = packed(&zeros, encoding).await;
            assert!(matches!(unpack(&wire, encoding, CAPS).await, Err(BodyFault::UnpacksTooLarge)), "{encoding}");
        }
        assert!(matches!(unpack(&zeros, "", CAPS).await, Err(BodyFault::TooLarge)));
    }
}
