//! Going through time: first, back, play, forward, the time bar with its idea steps, message steps, speed, branches.

use yew::prelude::*;

use super::shared::Shared;
use super::speed::Speed;
use crate::course::measured::duration_text;
use crate::timeline::{BranchInfo, Place, Unit};

/// One idea step on the bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    pub part: u32,
    pub sentence: String,
}

#[derive(Properties, PartialEq)]
pub struct TransportProps {
    pub ticks: Shared<Vec<Tick>>,
    /// Short names of the parts.
    pub parts: Shared<Vec<String>>,
    /// Number of the idea step at or before the place, from 0.
    pub idea: usize,
    /// Whether the place is that very step, and not some way after it.
    pub exact: bool,
    /// Microseconds since the first idea step.
    pub since_start_us: u64,
    pub playing: bool,
    pub at_end: bool,
    pub speed: Speed,
    pub branches: Shared<Vec<BranchInfo>>,
    pub branch: usize,
    pub on_advance: Callback<(Unit, i64)>,
    pub on_go: Callback<Place>,
    pub on_play: Callback<()>,
    pub on_speed: Callback<Speed>,
    pub on_branch: Callback<usize>,
}

#[component]
pub fn Transport(props: &TransportProps) -> Html {
    let advance = |unit: Unit, count: i64| props.on_advance.reform(move |_: MouseEvent| (unit, count));
    let first = props.on_go.reform(|_: MouseEvent| Place::Start);
    let play = props.on_play.reform(|_: MouseEvent| ());
    let speed = props.on_speed.reform(|event: InputEvent| {
        let input: web_sys::HtmlInputElement = event.target_unchecked_into();
        Speed::at(input.value().parse().unwrap_or_default())
    });
    let play_text = if props.playing { "Pause" } else { "Play" };
    html! {
        <div class="transport" role="group" aria-label="Time">
            { bar(props) }
            <div class="buttons">
                <button type="button" class="button icon" onclick={first} title="To the beginning (Home)" aria-label="To the beginning">{ "⇤" }</button>
                <button type="button" class="button" onclick={advance(Unit::Idea, -1)} title="One idea back (←)">{ "Back" }</button>
                <button type="button" class="button primary" onclick={advance(Unit::Idea, 1)} title="To the next thing worth a sentence (→)">{ "Next" }</button>
                <button type="button" class="button" onclick={play} aria-pressed={props.playing.to_string()} title="Play or pause (Space)">{ play_text }</button>
                <span class="fine" role="group" aria-label="Message by message">
                    <button type="button" class="button icon" onclick={advance(Unit::Message, -1)} title="One message or timer back (Shift+←)" aria-label="One message back">{ "‹" }</button>
                    <span aria-hidden="true">{ "message" }</span>
                    <button type="button" class="button icon" onclick={advance(Unit::Message, 1)} title="One message or timer forward (Shift+→)" aria-label="One message forward">{ "›" }</button>
                </span>
                <label class="speed" title="How slow virtual time plays ([ and ])">
                    <span>{ props.speed.text() }</span>
                    <input type="range" min="0" max={Speed::MAX.to_string()} value={props.speed.place().to_string()}
                        oninput={speed} aria-label="Speed" aria-valuetext={props.speed.text()} />
                </label>
                <output class="clock" aria-label="Virtual time since the beginning">{ duration_text(props.since_start_us) }</output>
            </div>
            { branches(props) }
        </div>
    }
}

fn bar(props: &TransportProps) -> Html {
    let last = props.ticks.0.len().saturating_sub(1);
    let percent = |index: usize| if last == 0 { 0.0 } else { index as f64 * 100.0 / last as f64 };
    let scrub = props.on_go.reform(|event: InputEvent| {
        let input: web_sys::HtmlInputElement = event.target_unchecked_into();
        Place::Idea(input.value().parse().unwrap_or_default())
    });
    let sentence = props.ticks.0.get(props.idea).map(|tick| tick.sentence.clone()).unwrap_or_default();
    let mut part = 0;
    html! {
        <div class="bar">
            <div class="marks" aria-hidden="true">
                { for props.ticks.0.iter().enumerate().map(|(index, tick)| {
                    let begins = tick.part > part;
                    part = part.max(tick.part);
                    let name = begins.then(|| props.parts.0.get(tick.part as usize - 1).cloned()).flatten();
                    let class = classes!("tick", (index <= props.idea).then_some("past"), begins.then_some("part"));
                    html! {
                        <i {class} style={format!("left:{:.2}%", percent(index))}>
                            if let Some(name) = name { <b>{ name }</b> }
                        </i>
                    }
                }) }
            </div>
            <input type="range" class="scrub" min="0" max={last.to_string()} step="1" value={props.idea.to_string()}
                style={format!("--at:{:.2}%", percent(props.idea))}
                oninput={scrub} aria-label="Idea step"
                aria-valuetext={format!("Step {} of {}: {sentence}", props.idea + 1, last + 1)} />
        </div>
    }
}

fn branches(props: &TransportProps) -> Html {
    if props.branches.0.len() < 2 {
        return html! {};
    }
    html! {
        <div class="branches" role="group" aria-label="Futures">
            <span>{ "Futures:" }</span>
            { for props.branches.0.iter().map(|branch| {
                let id = branch.id;
                let here = id == props.branch;
                let go = props.on_branch.reform(move |_: MouseEvent| id);
                let text = match branch.parent {
                    None => "as it would go".to_string(),
                    Some(_) => format!("your change {id}"),
                };
                html! {
                    <button type="button" class={classes!("chip", here.then_some("here"))} aria-pressed={here.to_string()}
                        onclick={go} title={format!("{} idea steps", branch.ideas)}>{ text }</button>
                }
            }) }
        </div>
    }
}
