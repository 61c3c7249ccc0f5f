//! What the page shows of the lesson: the part of [`Page`] that turns state into properties.

use std::rc::Rc;

use yew::prelude::*;

use super::{Msg, Page, Shown};
use crate::app::article::Article;
use crate::app::browser;
use crate::app::editor::Editor;
use crate::app::figure::{ActState, Acts, FigureHead, FlowMap, Question, VerdictOnAnswer};
use crate::app::goals::Goals;
use crate::app::inspector::{Cause, Inspector};
use crate::app::introduction::Introduction;
use crate::app::prose::{Prose, raw};
use crate::app::shared::Shared;
use crate::app::stage_view::StageView;
use crate::app::tables_view::Tables;
use crate::app::transport::{Tick, Transport};
use crate::course::flow::Flow;
use crate::course::goal::Verdict;
use crate::course::script::watched_partition;
use crate::course::{Example, Lesson, Module};
use crate::stage::about::is_about;
use crate::stage::from_world::{self, Watch};
use crate::stage::inspect::inspect;
use crate::stage::{Frame, Thing, sentence};
use crate::timeline::Place;

/// Links of a chain of causes that are looked up.
const MAX_CAUSES: usize = 40;

impl Page {
    /// Makes anew what the components are given.
    pub(super) fn refresh(&mut self) {
        let Some(lesson) = &self.lesson else {
            self.shown = Shown::default();
            return;
        };
        let example = lesson.example();
        let ticks: Vec<Tick> = lesson
            .ideas()
            .iter()
            .map(|mark| Tick { part: mark.mark.part, sentence: mark.mark.sentence.clone() })
            .collect();
        let acts = example.acts.iter().map(|act| ActState {
            id: act.id.clone(),
            label: act.label.clone(),
            help: act.help.clone(),
            why_not: lesson.can_act(&act.id).err(),
        });
        let completed = self.course.examples().filter(|example| self.progress.is_completed(example));
        let reached = example.goals.iter().map(|goal| self.progress.has_reached(&example.id, goal.id));
        let shown = Shown {
            idea: lesson.idea().cloned().map(Shared),
            ticks: ticks.into(),
            parts: example.parts.iter().map(|part| part.short.clone()).collect::<Vec<_>>().into(),
            branches: lesson.timeline().branches().into(),
            acts: acts.collect::<Vec<_>>().into(),
            completed: completed.map(|example| example.id.clone()).collect::<Vec<_>>().into(),
            reached: reached.collect::<Vec<_>>().into(),
        };
        // What is equal stays the same object, so that nothing below is drawn again.
        let keep = &mut self.shown;
        keep.idea = shown.idea;
        keep_if_equal(&mut keep.ticks, shown.ticks);
        keep_if_equal(&mut keep.parts, shown.parts);
        keep_if_equal(&mut keep.branches, shown.branches);
        keep_if_equal(&mut keep.acts, shown.acts);
        keep_if_equal(&mut keep.completed, shown.completed);
        keep_if_equal(&mut keep.reached, shown.reached);
    }

    /// The plain facts of the present moment.
    pub(super) fn frame_of(&self, lesson: &Lesson) -> Frame {
        let watch = Watch {
            focus: Some(watched_partition(lesson.example(), lesson.parameters())),
            follow: None,
            sentence: lesson.idea().map(|idea| idea.sentence.clone()),
            clock_from_us: start_us(lesson),
        };
        from_world::frame(lesson.world(), &watch)
    }

    pub(super) fn introduction_view(&self, ctx: &Context<Page>, module: &Rc<Module>) -> Html {
        let Some(lesson) = &self.lesson else { return html! {} };
        let link = ctx.link();
        html! {
            <Prose class="introduction" on_hover={link.callback(Msg::Hover)} on_select={link.callback(Msg::Select)}>
                <Introduction module={Shared(module.clone())} example={Shared(lesson.example().clone())}
                    parameters={Shared(lesson.parameters().clone())} completed={self.shown.completed.clone()}
                    reached={self.shown.reached.clone()} verdicts={Shared::<Vec<Verdict>>(lesson.verdicts())}
                    on_example={link.callback(Msg::OpenExample)} />
            </Prose>
        }
    }

    /// The text beside a figure that belongs to no module.
    pub(super) fn plain_view(&self, ctx: &Context<Page>, lesson: &Lesson) -> Html {
        let link = ctx.link();
        let example = lesson.example();
        html! {
            <Prose class="introduction" on_hover={link.callback(Msg::Hover)} on_select={link.callback(Msg::Select)}>
                <h1>{ &example.title }</h1>
                { raw(&example.html) }
            </Prose>
        }
    }

    pub(super) fn article_view(&self, ctx: &Context<Page>, module: &Rc<Module>) -> Html {
        let Some(lesson) = &self.lesson else { return html! {} };
        let link = ctx.link();
        html! {
            <Prose class="article" on_hover={link.callback(Msg::Hover)} on_select={link.callback(Msg::Select)}>
                <Article module={Shared(module.clone())} example={Shared(lesson.example().clone())}
                    parameters={Shared(lesson.parameters().clone())} idea={self.shown.idea.clone()}
                    on_example={link.callback(Msg::OpenExample)} />
            </Prose>
        }
    }

    pub(super) fn inspector_view(&self, ctx: &Context<Page>) -> Html {
        let (Some(lesson), Some(thing)) = (&self.lesson, &self.selected) else { return html! {} };
        let link = ctx.link();
        let frame = self.frame_of(lesson);
        let inspection = inspect(lesson.world(), &frame, thing).map(Shared::from);
        // While it plays the chain would change faster than it can be read.
        let why = if self.playing { Vec::new() } else { causes(lesson, thing, &frame) };
        html! {
            <Inspector thing={thing.clone()} {inspection} why={Shared::from(why)}
                on_close={link.callback(|()| Msg::Select(None))} on_select={link.callback(Msg::Inspect)}
                on_command={link.callback(|command| Msg::Command(Box::new(command)))}
                on_event={link.callback(|event| Msg::Go(Place::Event(event)))} />
        }
    }

    pub(super) fn notice_view(&self, ctx: &Context<Page>) -> Html {
        let dismiss = ctx.link().callback(|_: MouseEvent| Msg::DismissNotice);
        html! {
            <div role="alert">
                if let Some(notice) = &self.notice {
                    <div class="notice">
                        <p>{ notice }</p>
                        <button type="button" class="link" onclick={dismiss}>{ "Dismiss" }</button>
                    </div>
                }
            </div>
        }
    }

    /// Microseconds since the first idea step.
    fn since_start_us(&self, lesson: &Lesson) -> u64 {
        (self.now_us as u64).saturating_sub(start_us(lesson))
    }

    pub(super) fn figure_view(&self, ctx: &Context<Page>) -> Html {
        let Some(lesson) = &self.lesson else { return html! {} };
        let link = ctx.link();
        let example = lesson.example();
        let frame = Rc::new(self.frame_of(lesson));
        let controls = !self.query.no_controls;
        html! {
            <figure id="figure" tabindex="-1" aria-label={format!("{}, step by step", example.title)}>
                if controls {
                    <FigureHead parameters={Shared(lesson.parameters().clone())}
                        part={(self.shown.idea.as_ref().map_or(0, |idea| idea.part), example.parts.len())}
                        edit={what_to_edit(example)} editing={self.editing}
                        on_edit={link.callback(|()| Msg::ToggleEditor)} on_reset={link.callback(|()| Msg::Reset)} />
                }
                if self.editing {
                    <Editor example={Shared(example.clone())} parameters={Shared(lesson.parameters().clone())}
                        on_run={link.callback(Msg::Run)} on_close={link.callback(|()| Msg::ToggleEditor)} />
                }
                { self.stage_view(ctx, &frame) }
                <div class="deck">
                    { self.sentence_view(lesson, &frame) }
                    { self.question_view(ctx, lesson) }
                    if controls { { self.transport_view(ctx, lesson) } }
                </div>
                if controls {
                    <Acts acts={self.shown.acts.clone()} on_act={link.callback(Msg::Act)} />
                    <FlowMap flow={Shared::<Flow>(self.shown.idea.as_ref().map(|idea| idea.flow.clone()).unwrap_or_default())} />
                    if self.query.embed {
                        <Goals example={Shared(example.clone())} reached={self.shown.reached.clone()}
                            verdicts={Shared::<Vec<Verdict>>(lesson.verdicts())} />
                    }
                    <Tables frame={Shared(frame.clone())} open={self.tables_open}
                        on_toggle={link.callback(|()| Msg::ToggleTables)} on_select={link.callback(Msg::Select)} />
                }
            </figure>
        }
    }

    fn stage_view(&self, ctx: &Context<Page>, frame: &Rc<Frame>) -> Html {
        let link = ctx.link();
        html! {
            <StageView frame={Shared(frame.clone())} playing={self.playing} clock={Shared(self.clock.clone())}
                    reduced={self.query.reduced_motion || browser::prefers_reduced_motion()} embedded={self.query.embed}
                    selected={self.selected.clone()} lit={self.hovered.clone()}
                    on_select={link.callback(Msg::Select)} on_hover={link.callback(|(thing, concepts)| Msg::Pointed(thing, concepts))} />
        }
    }

    fn sentence_view(&self, lesson: &Lesson, frame: &Frame) -> Html {
        let said = self.shown.idea.as_ref().map(|idea| idea.sentence.clone()).unwrap_or_default();
        let exact = lesson.timeline().idea().is_some_and(|(_, mark)| mark.step == lesson.timeline().step());
        html! {
            <div class="say">
                <p aria-live="polite" aria-atomic="true">{ said }</p>
                if !exact && !self.playing {
                    <p class="quiet">{ sentence::of_step(lesson.world().events(), frame) }</p>
                }
            </div>
        }
    }

    fn question_view(&self, ctx: &Context<Page>, lesson: &Lesson) -> Html {
        let link = ctx.link();
        let predictions = &lesson.example().predictions;
        if let Some((index, answered)) = &self.answered
            && let Some(prediction) = predictions.get(*index)
        {
            return html! {
                <VerdictOnAnswer prediction={Shared::from(prediction.clone())} answered={Shared::from(answered.clone())} />
            };
        }
        match lesson.question().filter(|_| !self.playing) {
            Some((index, prediction)) => html! {
                <Question {index} prediction={Shared::from(prediction.clone())}
                    on_answer={link.callback(|(index, choice)| Msg::Answer(index, choice))}
                    on_skip={link.callback(Msg::Skip)} />
            },
            None => html! {},
        }
    }

    fn transport_view(&self, ctx: &Context<Page>, lesson: &Lesson) -> Html {
        let link = ctx.link();
        html! {
            <Transport ticks={self.shown.ticks.clone()} parts={self.shown.parts.clone()}
                idea={lesson.idea_index()} exact={true} since_start_us={self.since_start_us(lesson)}
                playing={self.playing} at_end={lesson.timeline().is_at_end()} speed={self.speed}
                branches={self.shown.branches.clone()} branch={lesson.timeline().current_branch()}
                on_advance={link.callback(|(unit, count)| Msg::Advance(unit, count))}
                on_go={link.callback(Msg::Go)} on_play={link.callback(|()| Msg::TogglePlay)}
                on_speed={link.callback(Msg::SetSpeed)} on_branch={link.callback(Msg::SwitchBranch)} />
        }
    }
}

/// When the first idea step is, microseconds of virtual time.
fn start_us(lesson: &Lesson) -> u64 {
    lesson.ideas().first().map_or(0, |mark| mark.at.0)
}

/// What the editor's button says, after what it lets a person change.
fn what_to_edit(example: &Example) -> Option<&'static str> {
    let edits = |name: &str| example.editable.iter().any(|field| field == name);
    match example.editable.is_empty() {
        true => None,
        false => Some(if edits("value") { "Edit message" } else { "Change settings" }),
    }
}

/// The newest event about a thing, what caused it, and so on.
fn causes(lesson: &Lesson, thing: &Thing, frame: &Frame) -> Vec<Cause> {
    let Some(event) = lesson.timeline().latest(|event| is_about(event, thing)) else { return Vec::new() };
    let start = start_us(lesson) as i64;
    let chain = lesson.timeline().why(event.id, MAX_CAUSES);
    let cause = |event: &crate::sim::Event| Cause {
        event: event.id,
        since_start_us: event.at.0 as i64 - start,
        sentence: sentence::describe(event, frame),
    };
    chain.iter().map(cause).collect()
}

fn keep_if_equal<T: PartialEq>(kept: &mut Shared<Vec<T>>, new: Shared<Vec<T>>) {
    if **kept != *new {
        *kept = new;
    }
}
