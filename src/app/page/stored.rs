//! What the page keeps in the browser: progress and theme.

use super::Page;
use crate::app::browser;
use crate::course::progress::Progress;
use crate::stage::contract::Theme;

const PROGRESS_KEY: &str = "glassbroker.progress";
const THEME_KEY: &str = "glassbroker.theme";

impl Page {
    pub(super) fn read_stored(&mut self) {
        if self.storage == Some(true) {
            if let Some(theme) = browser::read_stored(THEME_KEY).as_deref().and_then(Theme::from_name) {
                self.theme = theme;
            }
            if let Some(text) = browser::read_stored(PROGRESS_KEY) {
                match Progress::parse(&text) {
                    Ok(progress) => self.progress = progress,
                    Err(why) => {
                        // What cannot be read may be readable for another version: it is left alone.
                        self.storage = None;
                        self.notice =
                            Some(format!("Your progress is not kept this time: {why}. It was left as it is."));
                    }
                }
            }
        }
        if let Some(theme) = self.query.theme {
            self.theme = theme;
        }
        if !self.query.warnings.is_empty() {
            let text: Vec<&str> = self.query.warnings.iter().map(|(_, why)| why.as_str()).collect();
            self.notice = Some(format!("Parts of the address were not understood: {}.", text.join("; ")));
        }
    }

    pub(super) fn keep_progress(&self) {
        if self.storage == Some(true) {
            browser::write_stored(PROGRESS_KEY, &self.progress.to_text());
        }
    }

    pub(super) fn apply_theme(&self) {
        let value = (self.theme != Theme::Auto).then_some(self.theme.name());
        browser::set_root_attribute("data-theme", value);
    }

    /// A person chose a theme: it is kept.
    pub(super) fn choose_theme(&mut self, theme: Theme) {
        self.theme = theme;
        self.apply_theme();
        if self.storage == Some(true) {
            browser::write_stored(THEME_KEY, theme.name());
        }
    }
}
