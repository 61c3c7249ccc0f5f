//! The house stays in order: a room uses only the rooms before it, only the last one knows of browsers, and nothing that
//! differs from machine to machine gets into the simulator's state.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up; each may use itself and those before it.
const ROOMS: [&str; 6] = ["kafka", "sim", "timeline", "course", "stage", "app"];
/// For `app` alone.
const OF_BROWSERS: [&str; 8] =
    ["web_sys", "js_sys", "wasm_bindgen", "wasm_bindgen_futures", "yew", "gloo", "gloo_timers", "gloo_events"];
/// Whose order or value differs between runs or machines: not in the rooms whose state is hashed.
const NEVER_IN_STATE: [&str; 6] = ["HashMap", "HashSet", "f32", "f64", "SystemTime", "RandomState"];
/// Of another width in wasm: not in a type that is hashed.
const NEVER_HASHED: [&str; 2] = ["usize", "isize"];

#[test]
fn rooms_are_in_order() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = 0;
    let mut complaints = Vec::new();
    for (room, name) in ROOMS.iter().enumerate() {
        for path in rust_files(&src.join(name)) {
            let file = path.strip_prefix(&src).expect("a file of src").to_path_buf();
            if file == Path::new("course/build.rs") {
                // Runs before all rooms, by itself.
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source file can be read");
            files += 1;
            complaints.extend(
                check(room, &modules_of(&file), &text).into_iter().map(|what| format!("{}: {what}", file.display())),
            );
        }
    }
    assert!(files > 150, "only {files} source files were found");
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// The checks themselves notice what they are there for.
#[test]
fn what_is_out_of_order_is_noticed() {
    let kafka = |text: &str| check(0, &["kafka".into(), "log".into()], text);
    let sim = |text: &str| check(1, &["sim".into()], text);
    for (found, about) in [
        (kafka("use crate::sim::World;"), "sim"),
        (kafka("use crate::{kafka::log, stage::Frame};"), "stage"),
        (kafka("fn a() { crate::course::course(); }"), "course"),
        (kafka("use super::super::timeline;"), "timeline"),
        (kafka("use web_sys::Window;"), "web_sys"),
        (kafka("fn a(it: &yew::Html) {}"), "yew"),
        (sim("use std::collections::HashMap;"), "HashMap"),
        (sim("struct A { b: f64 }"), "f64"),
        (sim("#[derive(Clone, Hash)]\npub struct A {\n    b: Vec<usize>,\n}"), "usize"),
        (sim("#[derive(PartialEq, Hash)]\nenum A { B(i32), C { d: isize } }"), "isize"),
        (sim("use crate::timeline::link;"), "timeline"),
    ] {
        assert!(found.len() == 1 && found[0].contains(about), "{found:?} should be one complaint about {about}");
    }
    for fine in [
        "use crate::kafka::ids::BrokerId;",
        "use super::super::kafka;",
        "use super::sim;",
        "// crate::sim, HashMap and f64 in a comment",
        "/* yew */ const A: &str = \"crate::sim::World, f64\";",
        "const A: &str = r#\"a \" crate::app::Page\"#; const B: char = '\"'; fn c<'a>(_: &'a str) {}",
        "#[derive(Clone)] struct A { b: usize } #[derive(Hash)] struct C;",
        "#[derive(Hash)] struct A(u8);\nfn b() -> usize { 0 }",
    ] {
        assert_eq!(kafka(fine), Vec::<String>::new(), "{fine}");
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder's entry can be read").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

/// `kafka/log/append.rs` is the module kafka::log::append.
fn modules_of(file: &Path) -> Vec<String> {
    let names = file.with_extension("");
    let names = names.iter().map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name != "mod").collect()
}

/// What is out of order in a file of a room.
fn check(room: usize, modules: &[String], text: &str) -> Vec<String> {
    let code = code_of(text);
    let words = words_of(&code);
    let mut complaints = Vec::new();
    for used in rooms_used(&words, modules) {
        let place = ROOMS.iter().position(|name| *name == used);
        if place.is_some_and(|place| place > room) {
            complaints.push(format!("the room {} uses {used}, which comes after it", ROOMS[room]));
        }
    }
    let mut forbid = |names: &[&str], words: &[&str], why: &str| {
        let found = names.iter().filter(|name| words.contains(name));
        complaints.extend(found.map(|name| format!("{name}: {why}")));
    };
    if ROOMS[room] != "app" {
        forbid(&OF_BROWSERS, &words, "only the room app knows of browsers");
    }
    if ["kafka", "sim"].contains(&ROOMS[room]) {
        forbid(&NEVER_IN_STATE, &words, "differs from machine to machine or from run to run");
        for body in hashed_types(&words) {
            forbid(&NEVER_HASHED, body, "has another width in wasm, and this type is hashed");
        }
    }
    complaints
}

/// The rooms that paths lead to: `crate::room`, `crate::{room, ...}`, and `super::` up to the root.
fn rooms_used<'a>(words: &[&'a str], modules: &[String]) -> Vec<&'a str> {
    let mut rooms = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let after_path = at > 0 && words[at - 1] == "::";
        match *word {
            "crate" if !after_path => match words[at + 1..] {
                ["::", "{", ..] => rooms.extend(first_names(&words[at + 3..])),
                ["::", room, ..] => rooms.push(room),
                _ => {}
            },
            "super" if !after_path => {
                let supers = words[at..].chunks(2).take_while(|pair| *pair == ["super", "::"]).count();
                if supers >= modules.len() {
                    rooms.extend(words.get(at + 2 * supers));
                }
            }
            _ => {}
        }
    }
    rooms
}

/// The first name of each path inside braces, up to the closing one.
fn first_names<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let (mut depth, mut is_first, mut names) = (0, true, Vec::new());
    for word in words {
        match *word {
            "}" if depth == 0 => break,
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 0 => is_first = true,
            name if is_first && depth == 0 => {
                names.push(name);
                is_first = false;
            }
            _ => {}
        }
    }
    names
}

/// The bodies of types that derive Hash.
fn hashed_types<'a, 'b>(words: &'b [&'a str]) -> Vec<&'b [&'a str]> {
    let mut bodies = Vec::new();
    for at in 0..words.len() {
        if words[at] != "derive" {
            continue;
        }
        let Some(end) = words[at..].iter().position(|word| *word == ")") else { continue };
        if !words[at..at + end].contains(&"Hash") {
            continue;
        }
        let item = &words[at + end..];
        let Some(opens) = item.iter().position(|word| ["{", "(", ";"].contains(word) && !is_attribute(item, word))
        else {
            continue;
        };
        let mut depth = 0;
        let length = item[opens..].iter().position(|word| {
            match *word {
                "{" | "(" => depth += 1,
                "}" | ")" => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        bodies.push(&item[opens..opens + length.unwrap_or(0)]);
    }
    bodies
}

/// Other attributes may stand between the derive and the type: the body begins after its name.
fn is_attribute(item: &[&str], word: &&str) -> bool {
    let place = item.iter().position(|candidate| std::ptr::eq(candidate, word));
    let name = item.iter().position(|candidate| ["struct", "enum", "union"].contains(candidate));
    place.zip(name).is_none_or(|(place, name)| place < name)
}

/// Names, `::`, and single marks.
fn words_of(code: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let length = match first {
            _ if is_name(first) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        words.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    words
}

/// The text without comments, and with empty strings and characters.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_string(rest) {
            length
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' && is_character(rest) {
            quoted(rest, '\'')
        } else {
            0
        };
        if skipped > 0 {
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

/// Length of `r"..."` or `r#"..."#` at the beginning, if it is one.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.strip_prefix('r')?.chars().take_while(|c| *c == '#').count();
    let body = text.get(1 + hashes..)?.strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(1 + hashes + 1 + body.find(&close)? + close.len())
}

/// `'a'` and `'\n'`, but no lifetime.
fn is_character(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

/// Length of a literal with its quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}
