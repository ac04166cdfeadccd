//! The head of an app's answer (RFC 9112 sections 4 to 6).

use std::mem::MaybeUninit;

use bytes::{Buf, Bytes};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use crate::forward::content::Content;
use crate::forward::headers::list_contains;

/// Largest head of an answer (threats.md input 86).
const HEAD_MAX: usize = 64 * 1024;
/// Most fields of one.
const FIELDS_MAX: usize = 100;

/// The head of an answer, and what is to come behind it.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) content: Content,
    /// The connection may carry another request afterwards.
    pub(super) is_persistent: bool,
}

/// Takes the head of the answer to a request by `method` from what was received; none if its end has not come yet.
///
/// # Errors
/// What came is no answer, or its framing can be read in two ways.
pub(super) fn take_answer(received: &mut Bytes, method: &Method) -> Result<Option<Answer>, &'static str> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let mut head = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut head,
        received,
        &mut fields,
    );
    let length = match parsed {
        Ok(httparse::Status::Complete(length)) if length <= HEAD_MAX => length,
        Ok(httparse::Status::Partial) if received.len() < HEAD_MAX => return Ok(None),
        Ok(_) => return Err("the head of the answer is too large"),
        Err(_) => return Err("what came is no HTTP"),
    };
    let code = head.code.unwrap_or_default();
    let status = StatusCode::from_u16(code).map_err(|_| "the status is none")?;
    let mut headers = HeaderMap::with_capacity(head.headers.len() + 2);
    for field in head.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| "a name of a field is none")?;
        let value = HeaderValue::from_maybe_shared(received.slice_ref(field.value))
            .map_err(|_| "a value of a field is none")?;
        headers.append(name, value);
    }
    let is_http_10 = head.version == Some(0);
    received.advance(length);
    let content = content_of(method, status, is_http_10, &mut headers)?;
    let is_persistent = is_persistent(is_http_10, &headers) && !matches!(content, Content::UntilClose);
    Ok(Some(Answer {
        status,
        headers,
        content,
        is_persistent,
    }))
}

/// RFC 9112 section 6.3.
fn content_of(
    method: &Method,
    status: StatusCode,
    is_http_10: bool,
    headers: &mut HeaderMap,
) -> Result<Content, &'static str> {
    let codings = headers.get_all(header::TRANSFER_ENCODING).iter().next_back();
    let is_chunked = codings.map(|codings| last_item(codings).eq_ignore_ascii_case(b"chunked"));
    if is_chunked.is_some() {
        if is_http_10 {
            return Err("HTTP/1.0 knows no Transfer-Encoding");
        }
        // A length beside it is of no meaning, and not for the client to see.
        headers.remove(header::CONTENT_LENGTH);
    }
    let length = length_of(headers)?;
    let has_none =
        *method == Method::HEAD || status.is_informational() || matches!(status.as_u16(), 204 | 304);
    Ok(match (is_chunked, length) {
        _ if has_none => Content::Over,
        (Some(true), _) => Content::Chunked(Box::default()),
        (Some(false), _) | (None, None) => Content::UntilClose,
        (None, Some(0)) => Content::Over,
        (None, Some(length)) => Content::Length(length),
    })
}

/// Several equal lengths become one.
fn length_of(headers: &mut HeaderMap) -> Result<Option<u64>, &'static str> {
    const FAULT: &str = "Content-Length is no length";
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.next().is_none() && first.as_bytes().iter().all(u8::is_ascii_digit) {
        return first
            .to_str()
            .ok()
            .and_then(|text| text.parse().ok())
            .map(Some)
            .ok_or(FAULT);
    }
    let mut length = None;
    for value in headers.get_all(header::CONTENT_LENGTH) {
        for item in value.as_bytes().split(|&b| b == b',') {
            let digits = std::str::from_utf8(item.trim_ascii()).map_err(|_| FAULT)?;
            if !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(FAULT);
            }
            let other: u64 = digits.parse().map_err(|_| FAULT)?;
            if *length.get_or_insert(other) != other {
                return Err("there are two different lengths");
            }
        }
    }
    headers.insert(
        header::CONTENT_LENGTH,
        HeaderValue::from(length.unwrap_or_default()),
    );
    Ok(length)
}

/// RFC 9112 section 9.3.
fn is_persistent(is_http_10: bool, headers: &HeaderMap) -> bool {
    if is_http_10 {
        list_contains(headers, &header::CONNECTION, "keep-alive")
    } else {
        !list_contains(headers, &header::CONNECTION, "close")
    }
}

fn last_item(value: &HeaderValue) -> &[u8] {
    let items = value.as_bytes().rsplit(|&b| b == b',').next();
    items.unwrap_or_default().trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Result<Option<(Answer, Bytes)>, &'static str> {
        let mut received = Bytes::copy_from_slice(text.as_bytes());
        let answer = take_answer(&mut received, &Method::GET)?;
        Ok(answer.map(|answer| (answer, received)))
    }

    fn content(fields: &str) -> (String, bool) {
        let (answer, _) = answer(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"))
            .unwrap()
            .unwrap();
        (format!("{:?}", answer.content), answer.is_persistent)
    }

    #[test]
    fn a_head_is_taken_once_it_is_whole() {
        let text = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nX-A: \u{e4}\r\nx-a: b\r\n\r\nok";
        let end = text.len() - 2;
        for cut in (0..end).filter(|cut| text.is_char_boundary(*cut)) {
            assert!(answer(&text[..cut]).unwrap().is_none(), "{cut}");
        }
        let (answer, rest) = answer(text).unwrap().unwrap();
        assert_eq!((answer.status.as_u16(), &rest[..]), (404, &b"ok"[..]));
        let values: Vec<_> = answer
            .headers
            .get_all("x-a")
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        assert_eq!(values, ["\u{e4}".as_bytes(), b"b"]);
        assert!(matches!(answer.content, Content::Length(2)) && answer.is_persistent);
    }

    #[test]
    fn the_framing_follows_the_fields() {
        for (fields, expected, is_persistent) in [
            ("content-length: 5\r\n", "Length(5)", true),
            ("content-length: 5\r\ncontent-length: 5\r\n", "Length(5)", true),
            (
                "content-length: 5, 5\r\nconnection: x, Close\r\n",
                "Length(5)",
                false,
            ),
            ("content-length: 0\r\n", "Over", true),
            ("", "UntilClose", false),
            ("transfer-encoding: gzip\r\n", "UntilClose", false),
        ] {
            assert_eq!(content(fields), (expected.to_owned(), is_persistent), "{fields}");
        }
        let (text, is_persistent) = content("transfer-encoding: gzip, Chunked\r\n");
        assert!(text.starts_with("Chunked") && is_persistent);
    }

    #[test]
    fn a_length_beside_chunks_is_not_passed_on() {
        let text = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n";
        let (answer, _) = answer(text).unwrap().unwrap();
        assert!(matches!(answer.content, Content::Chunked(_)));
        assert!(!answer.headers.contains_key("content-length"));
    }

    #[test]
    fn some_answers_have_no_content() {
        for status in [
            "100 Continue",
            "101 Switching Protocols",
            "204 No Content",
            "304 Not Modified",
        ] {
            let (answer, _) = answer(&format!("HTTP/1.1 {status}\r\ncontent-length: 5\r\n\r\n"))
                .unwrap()
                .unwrap();
            assert!(answer.content.is_over() && answer.is_persistent, "{status}");
        }
        let mut received = Bytes::from_static(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
        let answer = take_answer(&mut received, &Method::HEAD).unwrap().unwrap();
        assert!(answer.content.is_over());
        assert_eq!(answer.headers["content-length"], "5");
    }

    #[test]
    fn http_10_is_closed_unless_it_says_otherwise() {
        let persistent = |text: &str| answer(text).unwrap().unwrap().0.is_persistent;
        assert!(!persistent("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n"));
        assert!(persistent(
            "HTTP/1.0 200 OK\r\ncontent-length: 1\r\nconnection: Keep-Alive\r\n\r\n"
        ));
    }

    #[test]
    fn input_86_what_is_no_answer_is_told() {
        let long = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(HEAD_MAX));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(FIELDS_MAX + 1));
        for text in [
            "SSH-2.0-OpenSSH_9.2p1\r\n",
            "HTTP/2.0 200 OK\r\n\r\n",
            "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 099 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\n x: folded\r\n\r\n",
            "HTTP/1.1 200 OK\r\nx : y\r\n\r\n",
            "HTTP/1.1 200 OK\r\nx: \0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1,\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
            "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            &long,
            &many,
        ] {
            assert!(answer(text).is_err(), "{}", &text[..text.len().min(80)]);
        }
    }
}
