//! The page: one component that holds the lesson and hands plain data to everything below it.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use serde_json::Value;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use yew::prelude::*;

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
use crate::kafka::ids::{NodeId, SimTime};
use crate::sim::Command;
use crate::stage::contract::{self, Incoming, Outgoing, Theme};
use crate::stage::{Concept, Thing};
use crate::timeline::{Place, Unit, link};

const PROGRESS_KEY: &str = "glassbroker.progress";
const THEME_KEY: &str = "glassbroker.theme";
/// While playing, nothing is waited for longer than this, milliseconds of the wall.
const LONGEST_WAIT_MS: f64 = 2_500.0;
/// Less virtual time than this is not jumped over, however slowly it plays: messages are on their way, microseconds.
const SHORTEST_JUMP_US: f64 = 2_000.0;
/// How long before the next idea step a jump ends, milliseconds of the wall.
const LEAD_IN_MS: f64 = 1_200.0;

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

/// Handlers that live as long as the page.
struct Listeners {
    _hash: Closure<dyn FnMut(web_sys::Event)>,
    _message: Closure<dyn FnMut(web_sys::MessageEvent)>,
    _key: Closure<dyn FnMut(web_sys::KeyboardEvent)>,
}

pub struct Page {
    pub(super) course: Rc<Course>,
    pub(super) query: Query,
    route: Route,
    pub(super) lesson: Option<Lesson>,
    pub(super) progress: Progress,
    /// Whether progress can be kept; None: what is stored must not be overwritten.
    storage: Option<bool>,
    theme: Theme,
    pub(super) speed: Speed,
    player: Player,
    pub(super) playing: bool,
    /// Virtual time while playing, microseconds; between two steps it goes on where the steps stand.
    pub(super) now_us: f64,
    pub(super) clock: Rc<Cell<u64>>,
    pub(super) selected: Option<Thing>,
    pub(super) hovered: Option<Thing>,
    pub(super) editing: bool,
    pub(super) tables_open: bool,
    pub(super) answered: Option<(usize, Answered)>,
    /// Something that the person must know: a damaged link, a command that was refused.
    pub(super) notice: Option<String>,
    copied: Option<bool>,
    copied_timeout: Option<Timeout>,
    /// Examples whose completion this page has told already.
    told_complete: Vec<String>,
    pub(super) shown: Shown,
    _listeners: Option<Listeners>,
    /// Whether the page around has been told `ready`, which comes before all else.
    is_ready: bool,
    _height: Option<HeightWatch>,
}

/// What the components are given, made anew only when the lesson has changed.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) idea: Option<Shared<Idea>>,
    pub(super) ticks: Shared<Vec<Tick>>,
    pub(super) parts: Shared<Vec<String>>,
    pub(super) branches: Shared<Vec<crate::timeline::BranchInfo>>,
    pub(super) acts: Shared<Vec<ActState>>,
    pub(super) completed: Shared<Vec<String>>,
    pub(super) reached: Shared<Vec<bool>>,
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
            Msg::SetTheme(theme) => {
                self.theme = theme;
                self.apply_theme();
                if self.storage == Some(true) {
                    browser::write_stored(THEME_KEY, theme.name());
                }
            }
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

/// Follows the address, messages of the page around, and the keyboard.
fn listen(ctx: &Context<Page>) -> Option<Listeners> {
    let window = browser::window()?;
    let route = ctx.link().callback(|()| Msg::RouteChanged);
    let hash = Closure::<dyn FnMut(web_sys::Event)>::new(move |_| route.emit(()));
    let incoming = ctx.link().callback(Msg::Incoming);
    let message = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
        if browser::is_from_parent(&event) {
            incoming.emit(browser::message_text(&event).unwrap_or_else(|| "null".into()));
        }
    });
    let pressed = ctx.link().callback(|(key, shift)| Msg::Key(key, shift));
    let key = Closure::<dyn FnMut(web_sys::KeyboardEvent)>::new(move |event: web_sys::KeyboardEvent| {
        if is_for_the_page(&event) {
            pressed.emit((event.key(), event.shift_key()));
            if [" ", "ArrowLeft", "ArrowRight", "Home", "End"].contains(&event.key().as_str()) {
                event.prevent_default();
            }
        }
    });
    let add = |name: &str, closure: &JsValue| window.add_event_listener_with_callback(name, closure.unchecked_ref());
    add("hashchange", hash.as_ref()).ok()?;
    add("message", message.as_ref()).ok()?;
    add("keydown", key.as_ref()).ok()?;
    Some(Listeners { _hash: hash, _message: message, _key: key })
}

/// Keys that a field, a button or the picture uses itself are left to it.
fn is_for_the_page(event: &web_sys::KeyboardEvent) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
        return false;
    }
    let Some(element) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return true;
    };
    if element.closest("input, textarea, select, [contenteditable]").ok().flatten().is_some() {
        return false;
    }
    if browser::document().is_none_or(|document| document.get_element_by_id("figure").is_none()) {
        return false;
    }
    let in_picture = element.closest("svg.stage").ok().flatten().is_some();
    let on_button = element.closest("button, a, summary, [role=button]").ok().flatten().is_some();
    match event.key().as_str() {
        " " | "Enter" => !on_button,
        "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" => !in_picture,
        _ => true,
    }
}

impl Page {
    // ---- stored things

    fn read_stored(&mut self) {
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

    fn keep_progress(&self) {
        if self.storage == Some(true) {
            browser::write_stored(PROGRESS_KEY, &self.progress.to_text());
        }
    }

    fn apply_theme(&self) {
        let value = (self.theme != Theme::Auto).then_some(self.theme.name());
        browser::set_root_attribute("data-theme", value);
    }

    // ---- where we are

    fn module_number(&self) -> u32 {
        match &self.route {
            Route::Module { number, .. } => *number,
            Route::Fidelity => 0,
            Route::Link(_) => self.lesson.as_ref().map_or(3, |lesson| lesson.example().module),
        }
    }

    /// Opens what the address names.
    fn open_route(&mut self) {
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

    fn open_example(&mut self, id: Option<&str>) {
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

    fn show_lesson(&mut self, lesson: Lesson) {
        self.lesson = Some(lesson);
        self.selected = None;
        self.hovered = None;
        self.answered = None;
        self.editing = false;
        self.moved();
    }

    // ---- going

    /// Does something to the lesson, and shows what came of it.
    fn change(&mut self, act: impl FnOnce(&mut Lesson)) {
        self.stop();
        if let Some(lesson) = &mut self.lesson {
            act(lesson);
        }
        self.answered = None;
        self.moved();
    }

    fn advance(&mut self, unit: Unit, count: i64) {
        self.change(|lesson| {
            lesson.advance(unit, count);
        });
    }

    /// The place has changed: clock, goals, and the page around are told.
    fn moved(&mut self) {
        if let Some(lesson) = &self.lesson {
            let now = lesson.timeline().now().0;
            self.now_us = now as f64;
            self.clock.set(now);
        }
        self.judge();
        self.refresh();
        self.say_step();
    }

    fn toggle_play(&mut self) {
        if self.playing {
            self.stop();
            return;
        }
        let Some(lesson) = &mut self.lesson else { return };
        if lesson.timeline().is_at_end() {
            lesson.go(Place::Start);
            self.moved();
        }
        self.playing = true;
        self.answered = None;
        self.player.start();
    }

    fn stop(&mut self) {
        self.playing = false;
        self.player.stop();
    }

    /// One animation frame while playing. True: something other than the canvas has changed.
    fn frame(&mut self, ms: f64) -> bool {
        let Some(lesson) = &mut self.lesson else { return false };
        let rate = self.speed.us_per_ms();
        let next = lesson.ideas().get(lesson.idea_index() + 1).map(|mark| mark.at.0 as f64);
        self.now_us += ms * rate;
        if let Some(next) = next
            && next - self.now_us > (LONGEST_WAIT_MS * rate).max(SHORTEST_JUMP_US)
        {
            self.now_us = next - LEAD_IN_MS * rate;
        }
        let before = lesson.timeline().step();
        let idea_before = lesson.idea_index();
        let stopped = lesson.play_to(SimTime(self.now_us as u64));
        let step = lesson.timeline().step();
        self.clock.set(self.now_us as u64);
        let over = next.is_none() && lesson.idea_index() + 1 == lesson.ideas().len();
        if stopped || over {
            self.stop();
        }
        if step == before && !stopped && !over {
            return false;
        }
        if lesson_idea(&self.lesson) != Some(idea_before) {
            self.judge();
            self.refresh();
            self.say_step();
        }
        true
    }

    // ---- acting

    fn answer(&mut self, index: usize, choice: &str) {
        self.stop();
        let Some(lesson) = &mut self.lesson else { return };
        let Some(answered) = lesson.answer(index, choice) else { return };
        let example = lesson.example().clone();
        if let Some(prediction) = example.predictions.get(index) {
            self.progress.answer(&example.id, &prediction.id, answered.right);
            self.say(&Outgoing::Prediction {
                id: prediction.id.clone(),
                answer: choice.to_string(),
                right: answered.right,
            });
        }
        self.keep_progress();
        self.answered = Some((index, answered));
        self.refresh();
    }

    fn act(&mut self, id: &str) {
        self.stop();
        let Some(lesson) = &mut self.lesson else { return };
        if let Err(why) = lesson.act(id) {
            self.notice = Some(format!("That cannot be done now: {why}."));
        }
        self.answered = None;
        self.moved();
    }

    fn command(&mut self, command: Command) {
        self.stop();
        let Some(lesson) = &mut self.lesson else { return };
        if let Err(why) = lesson.command(command) {
            self.notice = Some(format!("That cannot be done now: {why}."));
            self.say(&Outgoing::Error { r#where: "command".into(), message: why.to_string() });
        }
        self.answered = None;
        self.moved();
    }

    /// A click: it answers an open question about a broker, else it pauses and opens the inspector.
    fn select(&mut self, thing: Option<Thing>) {
        let asked = self.lesson.as_ref().and_then(Lesson::question).filter(|(_, prediction)| prediction.in_figure);
        if let (Some((index, prediction)), Some(NodeId::Broker(broker))) = (asked, thing.as_ref().and_then(Thing::node))
        {
            let choice = broker.to_string();
            if prediction.choices.iter().any(|candidate| candidate.id == choice) {
                return self.answer(index, &choice);
            }
        }
        self.stop();
        if let (Some(closed), None) = (&self.selected, &thing) {
            browser::focus_thing(&closed.to_string());
        }
        self.selected = thing;
    }

    fn run(&mut self, parameters: Parameters) {
        let Some(lesson) = &self.lesson else { return };
        match Lesson::open(lesson.example().clone(), parameters, lesson.seed()) {
            Ok(lesson) => self.show_lesson(lesson),
            Err(why) => self.notice = Some(format!("This cannot be run: {why}")),
        }
    }

    fn reset(&mut self) {
        let Some(lesson) = &self.lesson else { return };
        self.run((**lesson.parameters()).clone());
    }

    /// Notes goals that are reached at the present moment.
    fn judge(&mut self) {
        let Some(lesson) = &self.lesson else { return };
        let example = lesson.example().clone();
        let mut new = false;
        for goal in lesson.goals_reached() {
            new |= self.progress.reach(&example.id, goal);
        }
        if new {
            self.keep_progress();
            if self.progress.is_completed(&example) && !self.told_complete.contains(&example.id) {
                self.told_complete.push(example.id.clone());
                self.say(&Outgoing::ExampleComplete { example: example.id.clone() });
                let (completed, total) = self.progress.count(&self.course);
                self.say(&Outgoing::Progress { completed, total });
            }
        }
    }

    fn key(&mut self, ctx: &Context<Page>, key: &str, shift: bool) -> bool {
        let unit = if shift { Unit::Message } else { Unit::Idea };
        let msg = match key {
            "ArrowRight" => Msg::Advance(unit, 1),
            "ArrowLeft" => Msg::Advance(unit, -1),
            "Home" => Msg::Go(Place::Start),
            "End" => Msg::Go(Place::Idea(usize::MAX)),
            " " => Msg::TogglePlay,
            "[" => Msg::SetSpeed(self.speed.slower()),
            "]" => Msg::SetSpeed(self.speed.faster()),
            "Escape" if self.selected.is_some() => Msg::Select(None),
            _ => return false,
        };
        Component::update(self, ctx, msg)
    }

    fn copy_link(&mut self, ctx: &Context<Page>) {
        let fragment = match &self.lesson {
            Some(lesson) if self.route != Route::Fidelity => Route::Link(link::encode(&lesson.moment())),
            _ => self.route.clone(),
        }
        .to_fragment();
        browser::show_fragment(&fragment, true);
        let address = format!("{}#{fragment}", browser::address_without_fragment());
        let done = ctx.link().callback(Msg::Copied);
        browser::copy_text(address, move |worked| done.emit(worked));
    }

    // ---- the page around

    fn say(&self, message: &Outgoing) {
        if self.query.embed {
            let text = message.to_json(self.query.id.as_deref()).to_string();
            browser::post_to_parent(&text, &self.query.parent_origin);
        }
    }

    fn say_ready(&mut self) {
        let Some(lesson) = &self.lesson else { return };
        self.is_ready = true;
        self.say(&Outgoing::Ready {
            example: lesson.example().id.clone(),
            step: lesson.idea_index(),
            steps: lesson.ideas().len(),
            hash: lesson.world().state_hash(),
        });
        for (name, why) in &self.query.warnings {
            self.say(&Outgoing::Warning { r#where: name.clone(), message: why.clone() });
        }
    }

    fn watch_height(&mut self, ctx: &Context<Page>) {
        let tell = ctx.link().callback(Msg::Height);
        let root = browser::document().and_then(|document| document.get_element_by_id("app"));
        self._height = root.and_then(|root| HeightWatch::new(&root, move |height| tell.emit(height)));
    }

    fn say_step(&self) {
        let Some(lesson) = self.lesson.as_ref().filter(|_| self.is_ready) else { return };
        self.say(&Outgoing::Step {
            step: lesson.idea_index(),
            steps: lesson.ideas().len(),
            time_us: lesson.timeline().now().0,
            hash: lesson.world().state_hash(),
            sentence: lesson.idea().map(|idea| idea.sentence.clone()).unwrap_or_default(),
        });
    }

    fn incoming(&mut self, text: &str) {
        let message: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        match contract::parse(&message) {
            Err(error) => self.say(&Outgoing::Error { r#where: error.r#where, message: error.message }),
            Ok(Incoming::Step { unit, count }) => self.step_from_outside(unit, count),
            Ok(Incoming::Goto(place)) => self.change(|lesson| lesson.go(place)),
            Ok(Incoming::Play) => {
                if !self.playing {
                    self.toggle_play();
                }
            }
            Ok(Incoming::Pause) => self.stop(),
            Ok(Incoming::Reset) => self.reset(),
            Ok(Incoming::GetState) => self.say_state(),
            Ok(Incoming::Command(command)) => self.command(*command),
            Ok(Incoming::SetTheme(theme)) => {
                self.theme = theme;
                self.apply_theme();
            }
        }
    }

    /// A page that steps by program is not held up by questions to a person.
    fn step_from_outside(&mut self, unit: Unit, count: i64) {
        self.change(|lesson| {
            let mut left = count;
            while left != 0 {
                if let Some((index, _)) = lesson.question() {
                    lesson.skip(index);
                }
                let one = if unit == Unit::Idea { left.signum() } else { left };
                if !lesson.advance(unit, one) {
                    break;
                }
                left -= one;
            }
        });
    }

    fn say_state(&self) {
        let Some(lesson) = &self.lesson else { return };
        self.say(&Outgoing::State {
            step: lesson.idea_index(),
            time_us: lesson.timeline().now().0,
            hash: lesson.world().state_hash(),
            tables: serde_json::to_value(crate::stage::tables::tables(&self.frame_of(lesson))).unwrap_or_default(),
        });
    }
}

fn lesson_idea(lesson: &Option<Lesson>) -> Option<usize> {
    lesson.as_ref().map(Lesson::idea_index)
}
