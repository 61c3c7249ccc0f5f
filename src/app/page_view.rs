//! What the page shows of the lesson: the part of [`Page`] that turns state into properties.

use std::rc::Rc;

use yew::prelude::*;

use super::browser;
use super::editor::Editor;
use super::figure::{ActState, Acts, FigureHead, FlowMap, Goals, Question, VerdictOnAnswer};
use super::page::{Msg, Page, Shown};
use super::shared::Shared;
use super::stage_view::StageView;
use super::transport::{Tick, Transport};
use crate::course::Lesson;
use crate::course::flow::Flow;
use crate::course::goal::Verdict;
use crate::course::script::watched_partition;
use crate::stage::from_world::{self, Watch};
use crate::stage::{Frame, sentence, tables};

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
        };
        from_world::frame(lesson.world(), &watch)
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
        let start = lesson.ideas().first().map_or(0, |mark| mark.at.0);
        (self.now_us as u64).saturating_sub(start)
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
                        can_edit={!example.editable.is_empty()} editing={self.editing}
                        on_edit={link.callback(|()| Msg::ToggleEditor)} on_reset={link.callback(|()| Msg::Reset)} />
                }
                if self.editing {
                    <Editor example={Shared(example.clone())} parameters={Shared(lesson.parameters().clone())}
                        on_run={link.callback(Msg::Run)} on_close={link.callback(|()| Msg::ToggleEditor)} />
                }
                { self.stage_view(ctx, &frame) }
                { self.sentence_view(lesson, &frame) }
                { self.question_view(ctx, lesson) }
                if controls {
                    { self.transport_view(ctx, lesson) }
                    <Acts acts={self.shown.acts.clone()} on_act={link.callback(Msg::Act)} />
                    <FlowMap flow={Shared::<Flow>(self.shown.idea.as_ref().map(|idea| idea.flow.clone()).unwrap_or_default())} />
                    <Goals example={Shared(example.clone())} reached={self.shown.reached.clone()}
                        verdicts={Shared::<Vec<Verdict>>(lesson.verdicts())} />
                    { self.tables_view(ctx, &frame) }
                }
            </figure>
        }
    }

    fn stage_view(&self, ctx: &Context<Page>, frame: &Rc<Frame>) -> Html {
        let link = ctx.link();
        html! {
            <StageView frame={Shared(frame.clone())} playing={self.playing} clock={Shared(self.clock.clone())}
                    reduced={self.query.reduced_motion || browser::prefers_reduced_motion()}
                    selected={self.selected.clone()} lit={self.hovered.clone()}
                    on_select={link.callback(Msg::Select)} on_hover={link.callback(Msg::Hover)} />
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

    fn tables_view(&self, ctx: &Context<Page>, frame: &Frame) -> Html {
        let toggle = ctx.link().callback(|_: MouseEvent| Msg::ToggleTables);
        html! {
            <section class="tables">
                <button type="button" class="link" onclick={toggle} aria-expanded={self.tables_open.to_string()}>
                    { if self.tables_open { "Hide the state in tables" } else { "Show the state in tables" } }
                </button>
                if self.tables_open {
                    { for tables::tables(frame).into_iter().map(|table| html! {
                        <div class="table-scroll" tabindex="0" role="region" aria-label={table.title.clone()}>
                            <table>
                                <caption>{ &table.title }</caption>
                                <thead><tr>{ for table.columns.iter().map(|column| html! { <th scope="col">{ column }</th> }) }</tr></thead>
                                <tbody>
                                    { for table.rows.iter().map(|row| html! {
                                        <tr>{ for row.iter().map(|cell| html! { <td>{ cell }</td> }) }</tr>
                                    }) }
                                </tbody>
                            </table>
                        </div>
                    }) }
                }
            </section>
        }
    }
}

fn keep_if_equal<T: PartialEq>(kept: &mut Shared<Vec<T>>, new: Shared<Vec<T>>) {
    if **kept != *new {
        *kept = new;
    }
}
