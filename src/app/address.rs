//! What the page's address asks for: query parameters for embedding, and the fragment for course pages and links.

use crate::stage::contract::Theme;

/// What the fragment names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `#/module/3`, and an example of it: `#/module/3/when-things-die`.
    Module { number: u32, example: Option<String> },
    /// `#/fidelity`: what was compared with a real Kafka.
    Fidelity,
    /// `#/at/1.…`: a share link.
    Link(String),
}

impl Route {
    /// Reads a fragment without its `#`. An empty one is Module 3.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(fragment: &str) -> Result<Route, String> {
        let mut parts = fragment.trim_start_matches('/').splitn(3, '/');
        match (parts.next().unwrap_or_default(), parts.next(), parts.next()) {
            ("", None, None) => Ok(Route::Module { number: 3, example: None }),
            ("fidelity", None, None) => Ok(Route::Fidelity),
            ("at", Some(link), rest) => {
                let rest = rest.map(|rest| format!("/{rest}")).unwrap_or_default();
                Ok(Route::Link(format!("{link}{rest}")))
            }
            ("at", None, _) => Ok(Route::Link(String::new())),
            ("module", Some(number), example) => match number.parse() {
                Ok(number @ 1..=9) => {
                    Ok(Route::Module { number, example: example.filter(|id| !id.is_empty()).map(String::from) })
                }
                _ => Err(format!("the address names module {number}, and there are modules 1 to 9")),
            },
            _ => Err(format!("the address asks for “#{fragment}”, and there is no such page")),
        }
    }

    pub fn to_fragment(&self) -> String {
        match self {
            Route::Module { number, example: None } => format!("/module/{number}"),
            Route::Module { number, example: Some(example) } => format!("/module/{number}/{example}"),
            Route::Fidelity => "/fidelity".into(),
            Route::Link(link) => format!("/at/{link}"),
        }
    }
}

/// The query parameters. Bad values fall back, and say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub embed: bool,
    pub module: Option<u32>,
    pub example: Option<String>,
    /// Idea step to begin at.
    pub step: Option<usize>,
    pub seed: Option<u64>,
    pub theme: Option<Theme>,
    /// `motion=reduced`.
    pub reduced_motion: bool,
    /// `storage=none`: nothing is read or kept.
    pub no_storage: bool,
    /// `controls=none`: only the picture.
    pub no_controls: bool,
    pub id: Option<String>,
    /// Origin that messages are sent to; `*` unless the address names one.
    pub parent_origin: String,
    /// What was wrong: parameter and sentence.
    pub warnings: Vec<(String, String)>,
}

impl Query {
    /// Reads a query string without its `?`.
    pub fn parse(search: &str) -> Query {
        let mut query = Query {
            embed: false,
            module: None,
            example: None,
            step: None,
            seed: None,
            theme: None,
            reduced_motion: false,
            no_storage: false,
            no_controls: false,
            id: None,
            parent_origin: "*".into(),
            warnings: Vec::new(),
        };
        for pair in search.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(value);
            if let Err(why) = query.take(name, &value) {
                query.warnings.push((name.to_string(), format!("{name}={value}: {why}")));
            }
        }
        query
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let flag = |yes: &str, no: &str| match value {
            _ if value == yes => Ok(true),
            _ if value == no => Ok(false),
            _ => Err(format!("{yes} or {no} is expected")),
        };
        match name {
            "embed" => self.embed = flag("1", "0")?,
            "module" => match value.parse() {
                Ok(number @ 1..=9) if is_written(number) => self.module = Some(number),
                Ok(1..=9) => return Err("this module has no content yet".into()),
                _ => return Err("a module from 1 to 9 is expected".into()),
            },
            "example" => {
                if crate::course::course().example(value).is_none() {
                    return Err("there is no such example".into());
                }
                self.example = Some(value.into());
            }
            "step" => self.step = Some(value.parse().map_err(|_| "a whole number from 0 on is expected")?),
            "seed" => self.seed = Some(value.parse().map_err(|_| "a whole number from 0 on is expected")?),
            "theme" => {
                self.theme = Some(Theme::from_name(value).ok_or("auto, light, dark or contrast is expected")?);
            }
            "motion" => self.reduced_motion = flag("reduced", "full")?,
            "storage" => self.no_storage = flag("none", "local")?,
            "controls" => self.no_controls = flag("none", "all")?,
            "lang" if value == "en" => {}
            "lang" => return Err("only en is there".into()),
            "id" if value.len() <= 100 => self.id = Some(value.into()),
            "id" => return Err("an id has at most 100 characters".into()),
            "parent-origin" => {
                let host = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
                if host.is_none_or(|host| host.is_empty() || host.contains('/')) {
                    return Err("an origin such as https://example.org is expected".into());
                }
                self.parent_origin = value.into();
            }
            // Other tools put parameters of their own into addresses.
            _ => {}
        }
        Ok(())
    }
}

fn is_written(module: u32) -> bool {
    crate::course::course().module(module).is_some_and(|module| module.has_content())
}

/// Undoes percent encoding; what is no encoding stays as it is.
fn decode(value: &str) -> String {
    let plain = value.replace('+', " ");
    js_sys::decode_uri_component(&plain).map(String::from).unwrap_or(plain)
}
