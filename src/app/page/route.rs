//! Opens what the address names: a module, an example, a link, the page about fidelity.

use super::Page;
use crate::app::address::Route;
use crate::app::browser;
use crate::course::Lesson;
use crate::timeline::{Place, link};

impl Page {
    pub(super) fn module_number(&self) -> u32 {
        match &self.route {
            Route::Module { number, .. } => *number,
            Route::Fidelity => 0,
            Route::Link(_) => self.lesson.as_ref().map_or(3, |lesson| lesson.example().module),
        }
    }

    /// Opens what the address names.
    pub(super) fn open_route(&mut self) {
        self.stop();
        let route = match Route::parse(&browser::fragment()) {
            // A figure in another page is nothing else.
            Ok(Route::Fidelity) if self.query.embed => Route::Module { number: 3, example: None },
            Ok(route) => route,
            Err(why) => {
                self.notice = Some(format!("The page opens at Module 3, because {why}."));
                Route::Module { number: 3, example: None }
            }
        };
        match &route {
            // What was played stays where it is.
            Route::Fidelity => {}
            Route::Link(text) => {
                let opened = link::decode(text).and_then(|moment| Lesson::open_moment(&self.course, moment));
                match opened {
                    Ok(lesson) => self.show_lesson(lesson),
                    Err(why) => {
                        self.notice =
                            Some(format!("The link could not be opened: {why}. Here is Module 3 from its beginning."));
                        self.open_example(None);
                    }
                }
            }
            Route::Module { number, example } => {
                let id = self.query.example.clone().filter(|_| self.query.embed).or_else(|| example.clone());
                let here = |id: &str| self.lesson.as_ref().is_some_and(|lesson| lesson.example().id == id);
                let module = self.query.module.filter(|_| self.query.embed).unwrap_or(*number);
                let first = self.course.module(module).and_then(|module| module.examples.first());
                let wanted = id.or_else(|| first.map(|example| example.id.clone()));
                match wanted {
                    Some(id) if here(&id) => {}
                    Some(id) => self.open_example(Some(&id)),
                    None => self.lesson = None,
                }
            }
        }
        self.route = route;
        let title = match self.course.module(self.module_number()) {
            Some(module) => Some(module.title.clone()),
            None if self.route == Route::Fidelity => Some("How faithful is it?".into()),
            None => self.lesson.as_ref().map(|lesson| lesson.example().title.clone()),
        };
        browser::set_title(&format!("Glassbroker: {}", title.unwrap_or_default()));
    }

    pub(super) fn open_example(&mut self, id: Option<&str>) {
        let found = id.and_then(|id| self.course.example(id)).cloned();
        if let (Some(id), None) = (id, &found) {
            self.notice = Some(format!("There is no example named “{id}”; here is the first of Module 3."));
        }
        let Some(example) = found.or_else(|| self.course.examples().next().cloned()) else { return };
        let seed = self.query.seed.unwrap_or(example.seed);
        let parameters = example.parameters.clone();
        match Lesson::open(example, parameters, seed) {
            Ok(mut lesson) => {
                if let Some(step) = self.query.step.filter(|_| self.lesson.is_none()) {
                    lesson.go(Place::Idea(step));
                }
                self.show_lesson(lesson);
            }
            Err(why) => self.notice = Some(format!("The example cannot be opened: {why}")),
        }
    }

    pub(super) fn show_lesson(&mut self, lesson: Lesson) {
        self.lesson = Some(lesson);
        self.selected = None;
        self.hovered = None;
        self.answered = None;
        self.editing = false;
        self.moved();
    }
}
