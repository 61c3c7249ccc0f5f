//! The page: one component that holds the lesson and hands plain data to everything below it.
//!
//! - here: its state, its messages, and what stands on it;
//! - [`acting`]: what a person does;
//! - [`around`]: the page around an embedded figure;
//! - [`going`]: steps, play and pause;
//! - [`listeners`]: the address, messages and keys;
//! - [`route`]: opens what the address names;
//! - [`stored`]: what is kept in the browser;
//! - [`view`]: state turned into properties of components.

mod acting;
mod around;
mod going;
mod listeners;
mod route;
mod stored;
mod view;

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use yew::prelude::*;

use listeners::{Listeners, listen};

use super::address::{Query, Route};
use super::browser;
use super::fidelity::Fidelity;
use super::figure::ActState;
use super::header::Header;
use super::outline::Outline;
use super::player::Player;
use super::shared::Shared;
use super::size::HeightWatch;
use super::speed::Speed;
use super::transport::Tick;
use crate::course::progress::Progress;
use crate::course::{Answered, Course, Idea, Lesson, Parameters, course};
use crate::sim::Command;
use crate::stage::contract::{Outgoing, Theme};
use crate::stage::{Concept, Thing};
use crate::timeline::{Place, Unit};

/// What can happen to the page.
pub enum Msg {
    Advance(Unit, i64),
    Go(Place),
    TogglePlay,
    /// Milliseconds of the wall since the last animation frame.
    Frame(f64),
    SetSpeed(Speed),
    Answer(usize, String),
    Skip(usize),
    Act(String),
    SwitchBranch(usize),
    Select(Option<Thing>),
    /// From the inspector: look at this instead.
    Inspect(Thing),
    Command(Box<Command>),
    /// A word of the text is pointed at.
    Hover(Option<Thing>),
    /// A thing of the picture is pointed at, which shows these ideas.
    Pointed(Option<Thing>, Vec<Concept>),
    ToggleEditor,
    Run(Parameters),
    Reset,
    OpenExample(String),
    RouteChanged,
    CopyLink,
    Copied(bool),
    CopiedSeen,
    SetTheme(Theme),
    ResetProgress,
    DismissNotice,
    Incoming(String),
    /// The page is so many CSS pixels high now.
    Height(u32),
    Key(String, bool),
    ToggleTables,
}

pub struct Page {
    course: Rc<Course>,
    query: Query,
    route: Route,
    lesson: Option<Lesson>,
    progress: Progress,
    /// Whether progress can be kept; None: what is stored must not be overwritten.
    storage: Option<bool>,
    theme: Theme,
    speed: Speed,
    player: Player,
    playing: bool,
    /// Virtual time while playing, microseconds; between two steps it goes on where the steps stand.
    now_us: f64,
    clock: Rc<Cell<u64>>,
    selected: Option<Thing>,
    hovered: Option<Thing>,
    editing: bool,
    tables_open: bool,
    answered: Option<(usize, Answered)>,
    /// Something that the person must know: a damaged link, a command that was refused.
    notice: Option<String>,
    copied: Option<bool>,
    copied_timeout: Option<Timeout>,
    /// Examples whose completion this page has told already.
    told_complete: Vec<String>,
    shown: Shown,
    _listeners: Option<Listeners>,
    /// Whether the page around has been told `ready`, which comes before all else.
    is_ready: bool,
    _height: Option<HeightWatch>,
}

/// What the components are given, made anew only when the lesson has changed.
#[derive(Clone)]
struct Shown {
    idea: Option<Shared<Idea>>,
    ticks: Shared<Vec<Tick>>,
    parts: Shared<Vec<String>>,
    branches: Shared<Vec<crate::timeline::BranchInfo>>,
    acts: Shared<Vec<ActState>>,
    completed: Shared<Vec<String>>,
    reached: Shared<Vec<bool>>,
}

impl Default for Shown {
    fn default() -> Shown {
        Shown {
            idea: None,
            ticks: Vec::new().into(),
            parts: Vec::new().into(),
            branches: Vec::new().into(),
            acts: Vec::new().into(),
            completed: Vec::new().into(),
            reached: Vec::new().into(),
        }
    }
}

impl Component for Page {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Page>) -> Page {
        let query = Query::parse(&browser::search());
        let frame = ctx.link().callback(Msg::Frame);
        let mut page = Page {
            course: course(),
            route: Route::Module { number: 3, example: None },
            lesson: None,
            progress: Progress::default(),
            storage: Some(!query.no_storage && browser::storage_works()),
            theme: Theme::Auto,
            speed: Speed::default(),
            player: Player::new(move |ms| frame.emit(ms)),
            playing: false,
            now_us: 0.0,
            clock: Rc::new(Cell::new(0)),
            selected: None,
            hovered: None,
            editing: false,
            tables_open: false,
            answered: None,
            notice: None,
            copied: None,
            copied_timeout: None,
            told_complete: Vec::new(),
            shown: Shown::default(),
            query,
            _listeners: None,
            is_ready: false,
            _height: None,
        };
        page.read_stored();
        page.apply_theme();
        if page.query.embed {
            browser::set_root_attribute("class", Some("embed"));
        }
        if page.query.reduced_motion {
            browser::set_root_attribute("data-motion", Some("reduced"));
        }
        page.open_route();
        page._listeners = listen(ctx);
        page
    }

    fn update(&mut self, ctx: &Context<Page>, msg: Msg) -> bool {
        match msg {
            Msg::Frame(ms) => return self.frame(ms),
            Msg::Hover(thing) => {
                let changed = self.hovered != thing;
                self.hovered = thing;
                return changed;
            }
            Msg::Pointed(thing, concepts) => {
                let changed = self.hovered != thing;
                if changed {
                    let words: Vec<String> = concepts.iter().map(|one| Thing::Concept(*one).to_string()).collect();
                    browser::light_terms(&words);
                }
                self.hovered = thing;
                return changed;
            }
            Msg::Key(key, shift) => return self.key(ctx, &key, shift),
            Msg::Advance(unit, count) => self.advance(unit, count),
            Msg::Go(place) => self.change(|lesson| lesson.go(place)),
            Msg::TogglePlay => self.toggle_play(),
            Msg::SetSpeed(speed) => self.speed = speed,
            Msg::Answer(index, choice) => self.answer(index, &choice),
            Msg::Skip(index) => self.change(|lesson| lesson.skip(index)),
            Msg::Act(id) => self.act(&id),
            Msg::SwitchBranch(branch) => self.change(|lesson| {
                lesson.switch_branch(branch);
            }),
            Msg::Select(thing) => self.select(thing),
            Msg::Inspect(thing) => self.selected = Some(thing),
            Msg::Command(command) => self.command(*command),
            Msg::ToggleEditor => self.editing = !self.editing,
            Msg::Run(parameters) => self.run(parameters),
            Msg::Reset => self.reset(),
            Msg::OpenExample(id) => {
                let number = self.course.example(&id).map_or(3, |example| example.module);
                self.route = Route::Module { number, example: Some(id) };
                browser::show_fragment(&self.route.to_fragment(), false);
                self.open_route();
            }
            Msg::RouteChanged => self.open_route(),
            Msg::CopyLink => self.copy_link(ctx),
            Msg::Copied(worked) => {
                self.copied = Some(worked);
                let seen = ctx.link().callback(|()| Msg::CopiedSeen);
                self.copied_timeout = Some(Timeout::new(2_500, move || seen.emit(())));
            }
            Msg::CopiedSeen => self.copied = None,
            Msg::SetTheme(theme) => self.choose_theme(theme),
            Msg::ResetProgress => {
                self.progress = Progress::default();
                self.told_complete.clear();
                self.keep_progress();
                self.refresh();
            }
            Msg::DismissNotice => self.notice = None,
            Msg::Incoming(message) => self.incoming(&message),
            Msg::Height(height) => {
                self.say(&Outgoing::Resize { height });
                return false;
            }
            Msg::ToggleTables => self.tables_open = !self.tables_open,
        }
        true
    }

    fn view(&self, ctx: &Context<Page>) -> Html {
        let link = ctx.link();
        if self.query.embed {
            let module = self.course.module(self.module_number()).map(|module| module.title.clone());
            let example = self.lesson.as_ref().map(|lesson| lesson.example().title.clone());
            return html! {
                <main class="embedded">
                    <h1 class="sr-only">{ module }</h1>
                    <h2 class="sr-only">{ example }</h2>
                    { self.notice_view(ctx) }
                    { self.figure_view(ctx) }
                    { self.inspector_view(ctx) }
                </main>
            };
        }
        let number = self.module_number();
        let header = html! {
            <Header module={number} fidelity={self.route == Route::Fidelity} progress={self.progress.count(&self.course)} is_kept={self.storage == Some(true)}
                theme={self.theme} copied={self.copied}
                on_share={link.callback(|()| Msg::CopyLink)} on_theme={link.callback(Msg::SetTheme)}
                on_reset={link.callback(|()| Msg::ResetProgress)} />
        };
        if self.route == Route::Fidelity {
            return html! { <>{ header }{ self.notice_view(ctx) }<Fidelity /></> };
        }
        if let Some(lesson) = self.lesson.as_ref().filter(|lesson| lesson.example().schedule.is_some()) {
            return html! {
                <>
                    { header }
                    { self.notice_view(ctx) }
                    <main class="course">
                        { self.plain_view(ctx, lesson) }
                        { self.figure_view(ctx) }
                        { self.inspector_view(ctx) }
                    </main>
                </>
            };
        }
        let Some(module) = self.course.module(number) else { return header };
        if !module.has_content() {
            return html! {
                <>{ header }{ self.notice_view(ctx) }<Outline module={Shared(module.clone())} /></>
            };
        }
        html! {
            <>
                <a class="skip" href="#figure" onclick={skip_to_figure()}>{ "To the figure" }</a>
                { header }
                { self.notice_view(ctx) }
                <main class="course">
                    { self.introduction_view(ctx, module) }
                    { self.figure_view(ctx) }
                    { self.article_view(ctx, module) }
                    { self.inspector_view(ctx) }
                </main>
            </>
        }
    }

    fn rendered(&mut self, ctx: &Context<Page>, first: bool) {
        if first && self.query.embed {
            self.say_ready();
            self.watch_height(ctx);
        }
    }
}

/// The skip link moves the focus itself: the fragment belongs to the course's pages.
fn skip_to_figure() -> Callback<MouseEvent> {
    Callback::from(|event: MouseEvent| {
        event.prevent_default();
        let figure = browser::document().and_then(|document| document.get_element_by_id("figure"));
        if let Some(figure) = figure.and_then(|figure| figure.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = figure.focus();
        }
    })
}
