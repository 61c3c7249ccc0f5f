//! Build script: turns the course's Markdown (with TOML front matter) into one JSON file, so that no Markdown parser
//! has to travel to the browser; and `docs/fidelity.md` into a page.
//!
//! A file is `+++`, TOML, `+++`, Markdown. `[word](thing)` with a thing such as `concept:isr` becomes a term that
//! lights up its thing in the figure. In the Markdown, `<!-- closing -->` (modules) and `<!-- explanation -->`
//! (examples) begin the second text.

use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use serde_json::{Map, Value, json};

fn main() {
    let content = Path::new("src/course/content");
    println!("cargo:rerun-if-changed={}", content.display());
    println!("cargo:rerun-if-changed=src/course/build.rs");
    let modules: Vec<Value> = entries(content).iter().filter(|path| path.is_dir()).map(|path| module(path)).collect();
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("course.json");
    fs::write(&out, json!({ "modules": modules }).to_string()).expect("OUT_DIR can be written");
    let fidelity = Path::new("docs/fidelity.md");
    println!("cargo:rerun-if-changed={}", fidelity.display());
    let text = fs::read_to_string(fidelity).unwrap_or_else(|error| panic!("{}: {error}", fidelity.display()));
    fs::write(out.with_file_name("fidelity.html"), with_wide_tables(&to_html(&text))).expect("OUT_DIR can be written");
}

/// What a folder holds, by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a folder's entry can be read").path())
        .collect();
    paths.sort();
    paths
}

fn module(folder: &Path) -> Value {
    let (mut module, text) = read(&folder.join("module.md"));
    let (before, after) = text.split_once("<!-- closing -->").unwrap_or((&text, ""));
    module.insert("html".into(), json!(to_html(before)));
    module.insert("closing_html".into(), json!(to_html(after)));
    let examples: Vec<Value> = entries(folder)
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "md") && !path.ends_with("module.md"))
        .map(|path| example(path))
        .collect();
    module.insert("examples".into(), json!(examples));
    Value::Object(module)
}

fn example(path: &Path) -> Value {
    let (mut example, text) = read(path);
    let (before, after) = text.split_once("<!-- explanation -->").unwrap_or((&text, ""));
    example.insert("html".into(), json!(to_html(before)));
    example.insert("explanation_html".into(), json!(to_html(after)));
    // Lines of text inside the front matter are Markdown too.
    for part in example.get_mut("parts").and_then(Value::as_array_mut).into_iter().flatten() {
        for step in part.get_mut("steps").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(Value::String(text)) = step.get_mut("text") {
                *text = to_inline_html(text);
            }
        }
    }
    Value::Object(example)
}

/// Front matter and text of a file.
fn read(path: &Path) -> (Map<String, Value>, String) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rest = text.strip_prefix("+++\n").unwrap_or_else(|| panic!("{}: no front matter", path.display()));
    let (front, body) =
        rest.split_once("\n+++\n").unwrap_or_else(|| panic!("{}: the front matter does not end", path.display()));
    let front: Map<String, Value> = toml::from_str(front).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (front, body.to_string())
}

fn to_html(markdown: &str) -> String {
    let mut in_term = false;
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) if is_thing(&dest_url) => {
            in_term = true;
            let open = format!("<button type=\"button\" class=\"term\" data-thing=\"{dest_url}\">");
            Event::InlineHtml(CowStr::from(open))
        }
        Event::End(TagEnd::Link) if in_term => {
            in_term = false;
            Event::InlineHtml(CowStr::from("</button>"))
        }
        other => other,
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

/// On a narrow screen each table is moved sideways by itself, by keys too.
fn with_wide_tables(html: &str) -> String {
    const OPEN: &str = "<div class=\"table-scroll\" role=\"group\" aria-label=\"Table\" tabindex=\"0\"><table>";
    // Styles in the text itself are what a strict Content-Security-Policy forbids.
    html.replace("<table>", OPEN)
        .replace("</table>", "</table></div>")
        .replace("style=\"text-align: right\"", "class=\"number\"")
}

/// Without the paragraph around it.
fn to_inline_html(markdown: &str) -> String {
    let html = to_html(markdown);
    html.trim().trim_start_matches("<p>").trim_end_matches("</p>").to_string()
}

/// Whether a link names a thing of the figure and not an address.
fn is_thing(address: &str) -> bool {
    address.contains(':') && !address.starts_with("http") && !address.starts_with("mailto")
}
