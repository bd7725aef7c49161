//! The grammar of names on the hub: what a name is, before it becomes an address or a path.

/// A repository's name, or its owner's, is no longer, in characters.
const LONGEST_NAME: usize = 96;

/// A revision, or a file's name, is no longer, in characters.
const LONGEST_PATH: usize = 255;

/// Why this is no id of a repository, if it is none: `NAME` or `OWNER/NAME`, as Python's `huggingface_hub` has it.
pub fn repository_fault(id: &str) -> Option<String> {
    of_repository(id).map(|fault| told(id, "id of a repository", fault))
}

/// Why this is no revision, if it is none: a branch, a tag or a commit, by git's rules for references, without the
/// characters that mean something in an address or a shell.
pub fn revision_fault(revision: &str) -> Option<String> {
    of_revision(revision).map(|fault| told(revision, "revision", fault))
}

/// Why this is no path of a file in a repository, if it is none.
pub(super) fn file_fault(file: &str) -> Option<String> {
    of_file(file).map(|fault| told(file, "file", fault))
}

fn told(name: &str, what: &str, fault: &str) -> String {
    format!("{} is no {what} on the hub: {fault}", shown(name))
}

fn of_repository(id: &str) -> Option<&'static str> {
    let parts: Vec<&str> = id.split('/').collect();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let whole = |part: &&str| part.starts_with(word) && part.ends_with(word);
    if parts.len() > 2 {
        Some("it is NAME or OWNER/NAME, with one slash at most")
    } else if !id.chars().all(|c| word(c) || "-./".contains(c)) {
        Some("it consists of the letters a to z and A to Z, digits, `-`, `_` and `.`")
    } else if !parts.iter().all(whole) {
        Some("owner and name begin and end with a letter, a digit or `_`")
    } else if parts.iter().any(|part| part.len() > LONGEST_NAME) {
        Some("owner and name have 96 characters at most")
    } else if id.contains("--") || id.contains("..") {
        Some("`--` and `..` do not occur in it")
    } else if id.ends_with(".git") {
        Some("it does not end with `.git`")
    } else {
        None
    }
}

fn of_revision(revision: &str) -> Option<&'static str> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.+/".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    if revision.is_empty() {
        Some("it is empty")
    } else if !revision.chars().all(good) {
        Some("it consists of the letters a to z and A to Z, digits, `-`, `_`, `.`, `+` and `/`")
    } else if revision.contains("..") {
        Some("`..` does not occur in it")
    } else if revision.len() > LONGEST_PATH {
        Some("it has 255 characters at most")
    } else if !revision.split('/').all(part) || revision.ends_with('.') {
        Some(
            "what stands between its slashes is not empty, does not begin with a dot, and ends neither with a dot nor with `.lock`",
        )
    } else {
        None
    }
}

fn of_file(file: &str) -> Option<&'static str> {
    let part = |part: &str| !matches!(part, "" | "." | "..");
    if !file.split('/').all(part) {
        Some("it leads out of the repository, or to no file")
    } else if file.chars().any(|c| c.is_control() || c == '\\') {
        Some("it holds a backslash or a control character")
    } else if file.len() > LONGEST_PATH {
        Some("it is longer than 255 bytes")
    } else {
        None
    }
}

/// Whether this is a commit: the 40 or 64 hexadecimal digits of a git hash.
pub(super) fn is_commit(text: &str) -> bool {
    is_hexadecimal(text, 40) || is_hexadecimal(text, 64)
}

/// Whether this is an ETag that can be a file's name.
pub(super) fn is_blob(etag: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    // With `.incomplete` behind it, it must still be a file's name.
    (1..=200).contains(&etag.len()) && !etag.starts_with('.') && etag.chars().all(good)
}

/// A name that may be anything, of any length, for a message: in quotes, without control characters.
pub(super) fn shown(name: &str) -> String {
    let start: String = name.chars().take(100).collect();
    match start.len() < name.len() {
        true => format!("{start:?}..."),
        false => format!("{start:?}"),
    }
}

pub(super) fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

/// As a part of an address: everything but plain letters, digits and a few marks as `%XX`; slashes too, unless kept.
pub(super) fn encoded(text: &str, keep_slashes: bool) -> String {
    let mut address = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                address.push(char::from(byte));
            }
            b'/' if keep_slashes => address.push('/'),
            other => address.push_str(&format!("%{other:02X}")),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_hub() {
        // From the documentation of Python's `validate_repo_id`, and names of today.
        for good in [
            "foo",
            "foo/bar",
            "123",
            "Foo-BAR_foo.bar123",
            "bert-base-uncased",
            "sentence-transformers/all-MiniLM-L6-v2",
            "_x/y_",
            "a.b/c.d",
        ] {
            assert_eq!(repository_fault(good), None, "{good}");
        }
        let long = "a".repeat(97);
        let bad = [
            ("datasets/foo/bar", "one slash"),
            (".repo_id", "begin and end"),
            ("foo--bar", "`--`"),
            ("a/b..c", "`..`"),
            ("foo.git", ".git"),
            ("", "begin and end"),
            ("/", "begin and end"),
            ("owner/", "begin and end"),
            ("/name", "begin and end"),
            ("..", "begin and end"),
            ("../x", "begin and end"),
            ("-rf/x", "begin and end"),
            ("a/b ", "consists of"),
            ("a/b\n", "consists of"),
            ("a/b?x", "consists of"),
            ("a/b#x", "consists of"),
            ("a/b%2e", "consists of"),
            ("x@evil:9/y", "consists of"),
            ("a\\b", "consists of"),
            ("a/\u{202e}b", "consists of"),
            ("é/b", "consists of"),
            (&long, "96"),
        ];
        for (id, word) in bad {
            let fault = repository_fault(id).unwrap_or_default();
            assert!(fault.contains(word), "{id:?}: {fault:?}");
        }
    }

    #[test]
    fn revisions_are_references_that_an_address_can_carry() {
        for good in [
            "main",
            "v1.0",
            "refs/pr/1",
            "refs/convert/parquet",
            "feature/x+y",
            "0123456789abcdef0123456789abcdef01234567",
        ] {
            assert_eq!(revision_fault(good), None, "{good}");
        }
        let long = "a".repeat(256);
        for bad in [
            "", "a b", "..", "a/../b", "/a", "a/", "a//b", ".a", "a/.b", "a.", "a.lock",
            "a.lock/b", "a%2fb", "a?b", "a#b", "a@{1}", "HEAD^", "a~1", "a:b", "a\\b", "a\0b",
            "a\nb", "*", "[a", "ä", &long,
        ] {
            assert!(revision_fault(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn files_stay_in_their_repository() {
        for good in ["config.json", "rte/train-0.parquet", "a b/ü?#%.json"] {
            assert_eq!(file_fault(good), None, "{good}");
        }
        let long = "a".repeat(256);
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "./a",
            "a/",
            "a\\b",
            "a\0",
            "a\n",
            &long,
        ] {
            assert!(file_fault(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn commits_and_blobs_are_names_of_files() {
        assert!(is_commit(&"0a".repeat(20)) && is_commit(&"0a".repeat(32)));
        for bad in [
            "",
            "main",
            "..",
            &"0A".repeat(20),
            &"0".repeat(41),
            &"g".repeat(40),
        ] {
            assert!(!is_commit(bad), "{bad}");
        }
        assert!(is_blob("2d-432a5e4a73a80") && is_blob(&"0a".repeat(32)));
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "a b",
            "\"a\"",
            &"a".repeat(201),
        ] {
            assert!(!is_blob(bad), "{bad}");
        }
    }

    #[test]
    fn addresses_hold_nothing_that_means_something_else_there() {
        assert_eq!(encoded("refs/pr/1", false), "refs%2Fpr%2F1");
        assert_eq!(encoded("a b/ü?#%.json", true), "a%20b/%C3%BC%3F%23%25.json");
    }
}
