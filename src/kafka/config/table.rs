//! The table behind each configuration: one line a setting.

use crate::kafka::protocol::produce::Acks;

/// Why a value was refused (ConfigException).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    pub name: String,
    pub value: String,
    pub reason: String,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Invalid value {} for configuration {}: {}", self.value, self.name, self.reason)
    }
}

/// A setting as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Kafka's name, for example `linger.ms`.
    pub name: &'static str,
    pub value: String,
    pub default: String,
    /// One sentence.
    pub help: &'static str,
}

/// A type that a setting may have.
pub trait ConfigValue: Sized + Clone + PartialEq {
    /// Reads a value as Kafka writes it in a properties file.
    fn parse(text: &str) -> Result<Self, String>;
    /// Writes it the same way.
    fn print(&self) -> String;
    /// The value as a number, for range checks; None where a range has no meaning.
    fn number(&self) -> Option<i64> {
        None
    }
}

macro_rules! integer_value {
    ($($type:ty),*) => {$(
        impl ConfigValue for $type {
            fn parse(text: &str) -> Result<$type, String> {
                text.trim().parse().map_err(|_| format!("Not a number of type {}", stringify!($type)))
            }

            fn print(&self) -> String {
                self.to_string()
            }

            fn number(&self) -> Option<i64> {
                i64::try_from(*self).ok()
            }
        }
    )*};
}

integer_value!(i16, i32, i64, u32, u64);

impl ConfigValue for bool {
    fn parse(text: &str) -> Result<bool, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("Expected value to be either true or false".into()),
        }
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl ConfigValue for String {
    fn parse(text: &str) -> Result<String, String> {
        Ok(text.trim().to_string())
    }

    fn print(&self) -> String {
        self.clone()
    }
}

impl<T: ConfigValue> ConfigValue for Option<T> {
    fn parse(text: &str) -> Result<Option<T>, String> {
        if text.trim().is_empty() { Ok(None) } else { T::parse(text).map(Some) }
    }

    fn print(&self) -> String {
        self.as_ref().map(T::print).unwrap_or_default()
    }

    fn number(&self) -> Option<i64> {
        self.as_ref().and_then(T::number)
    }
}

impl ConfigValue for Acks {
    fn parse(text: &str) -> Result<Acks, String> {
        match text.trim() {
            "0" => Ok(Acks::None),
            "1" => Ok(Acks::Leader),
            "all" | "-1" => Ok(Acks::All),
            _ => Err("String must be one of: all, -1, 0, 1".into()),
        }
    }

    fn print(&self) -> String {
        match self {
            Acks::None => "0".into(),
            Acks::Leader => "1".into(),
            Acks::All => "all".into(),
            Acks::Invalid(number) => number.to_string(),
        }
    }
}

/// Makes a configuration: the struct, its defaults, `set` by Kafka's name, and `entries` for showing.
///
/// A line is `field: type = default, "kafka.name", min..=max, "One sentence.";`.
macro_rules! config_table {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty = $default:expr, $key:literal, $range:expr, $help:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            $(#[doc = concat!("`", $key, "`: ", $help)] pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> $name {
                $name { $($field: $default,)* }
            }
        }

        impl $name {
            /// All names, in the order of the table.
            pub const NAMES: &'static [&'static str] = &[$($key),*];

            /// Sets one value by Kafka's name. `Ok(false)`: the model has no such setting.
            ///
            /// # Errors
            /// The value cannot be read, or lies outside Kafka's range.
            pub fn set(&mut self, name: &str, value: &str) -> Result<bool, $crate::kafka::config::ConfigError> {
                use $crate::kafka::config::ConfigValue;
                let refuse = |reason: String| $crate::kafka::config::ConfigError {
                    name: name.into(), value: value.into(), reason,
                };
                match name {
                    $($key => {
                        let parsed = <$type as ConfigValue>::parse(value).map_err(refuse)?;
                        let range: std::ops::RangeInclusive<i64> = $range;
                        if let Some(number) = parsed.number() {
                            if number < *range.start() {
                                return Err(refuse(format!("Value must be at least {}", range.start())));
                            }
                            if number > *range.end() {
                                return Err(refuse(format!("Value must be no more than {}", range.end())));
                            }
                        }
                        self.$field = parsed;
                    })*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            /// The defaults, changed by `properties`; names that the model does not know are passed over.
            ///
            /// # Errors
            /// The first value that is refused.
            pub fn from_properties(
                properties: &$crate::kafka::config::Properties,
            ) -> Result<$name, $crate::kafka::config::ConfigError> {
                let mut config = $name::default();
                for (name, value) in properties {
                    config.set(name, value)?;
                }
                Ok(config)
            }

            /// Every setting with its value, default and help.
            pub fn entries(&self) -> Vec<$crate::kafka::config::ConfigEntry> {
                use $crate::kafka::config::ConfigValue;
                let default = $name::default();
                vec![$($crate::kafka::config::ConfigEntry {
                    name: $key,
                    value: self.$field.print(),
                    default: default.$field.print(),
                    help: $help,
                }),*]
            }
        }
    };
}

pub(super) use config_table;

/// No bound.
pub(super) const ANY: std::ops::RangeInclusive<i64> = i64::MIN..=i64::MAX;
