//! Signs requests to S3: AWS Signature Version 4, in a header. Does not send anything.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use crate::release::hex_of;

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// What the signature is called.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who signs.
#[derive(Debug)]
pub(crate) struct Signer<'a> {
    pub(crate) key: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) region: &'a str,
}

/// What is signed. It has no query.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    /// Encoded.
    pub(crate) path: &'a str,
    /// SHA-256 of the payload, in hexadecimal digits.
    pub(crate) payload: &'a str,
    /// Further headers, in lower case.
    pub(crate) headers: &'a [(&'static str, String)],
}

impl Signer<'_> {
    /// The headers that make the call a signed one.
    pub(crate) fn sign(&self, call: &Call<'_>, now: SystemTime) -> Vec<(&'static str, String)> {
        let time = timestamp(now);
        let mut signature = vec![
            ("x-amz-content-sha256", call.payload.to_owned()),
            ("x-amz-date", time.clone()),
        ];
        signature.extend(self.token.map(|token| ("x-amz-security-token", token.to_owned())));
        let mut signed: Vec<(&str, &str)> = vec![("host", call.host)];
        let all = signature.iter().chain(call.headers);
        signed.extend(all.map(|(name, value)| (*name, value.trim())));
        signed.sort_unstable();
        let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!("{}\n{}\n\n{lines}\n{names}\n{}", call.method, call.path, call.payload);
        let scope = format!("{}/{}/s3/aws4_request", &time[..8], self.region);
        let text = format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex_of(canonical.as_bytes()));
        let proof: String = hmac(&self.signing_key(&time[..8]), text.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let credential = format!("{}/{scope}", self.key);
        let header = format!("{ALGORITHM} Credential={credential},SignedHeaders={names},Signature={proof}");
        signature.push(("authorization", header));
        signature
    }

    fn signing_key(&self, day: &str) -> [u8; 32] {
        let start = format!("AWS4{}", self.secret);
        let parts = [day, self.region, "s3", "aws4_request"];
        let mut key = hmac(start.as_bytes(), parts[0].as_bytes());
        for part in &parts[1..] {
            key = hmac(&key, part.as_bytes());
        }
        key
    }
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x36)).chain_update(text);
    let outer = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x5c)).chain_update(inner.finalize());
    outer.finalize().into()
}

/// A path as AWS wants it: all but letters, digits, `-`, `.`, `_`, `~` and `/` as `%20`.
pub(crate) fn encode_path(path: &str) -> String {
    let mut encoded = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend([byte >> 4, byte & 15].map(|half| char::from(b"0123456789ABCDEF"[usize::from(half)])));
        }
    }
    encoded
}

/// The time in UTC, as `20130524T000000Z`.
fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Year, month and day, so many days after the first of 1970. Years start in March here, so that the day which some have
/// more is their last; 400 of them always have as many days.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, late) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year_of_era + late, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The example in AWS's own documentation of signatures in headers: GET with a range.
    #[test]
    fn the_example_of_aws_has_the_signature_that_aws_says() {
        let signer = Signer {
            key: "AKIAIOSFODNN7EXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            token: None,
            region: "us-east-1",
        };
        let call = Call {
            method: "GET",
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            payload: &hex_of(b""),
            headers: &[("range", "bytes=0-9".to_owned())],
        };
        let signed = signer.sign(&call, UNIX_EPOCH + Duration::from_secs(1_369_353_600));
        assert_eq!(signed[1], ("x-amz-date", "20130524T000000Z".to_owned()));
        let expected = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
                        SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
                        Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        assert_eq!(signed.last(), Some(&("authorization", expected.to_owned())));
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(11_017), (2000, 3, 1));
        assert_eq!(date(20_819), (2027, 1, 1));
        let last = UNIX_EPOCH + Duration::from_secs(1_798_761_599);
        assert_eq!(timestamp(last), "20261231T235959Z");
    }

    #[test]
    fn paths_are_encoded_byte_by_byte() {
        assert_eq!(encode_path("/a b/ü+~.txt"), "/a%20b/%C3%BC%2B~.txt");
    }

    #[test]
    fn a_long_key_is_hashed_first() {
        // RFC 4231, test case 6.
        let proof = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(proof[..4], [0x60, 0xe4, 0x31, 0x59]);
    }
}
