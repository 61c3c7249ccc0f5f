//! The inspector: one thing looked at closely. State, what can be done to it, why it is so, its bytes, its settings.

use yew::prelude::*;

use super::browser;
use super::shared::Shared;
use crate::course::measured::duration_text;
use crate::sim::{Command, EventId};
use crate::stage::Thing;
use crate::stage::batch_bytes::BatchBytes;
use crate::stage::inspect::{Fact, Inspection, Setting};

/// Causes shown at first; the rest on demand.
const NEAREST_CAUSES: usize = 5;

/// A link of the chain of causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub event: EventId,
    /// Microseconds since the first idea step; negative: while the stage was set.
    pub since_start_us: i64,
    pub sentence: String,
}

#[derive(Properties, PartialEq)]
pub struct InspectorProps {
    pub thing: Thing,
    /// None: it is not there at this moment.
    pub inspection: Option<Shared<Inspection>>,
    /// The event that made it what it is, what caused that, and so on.
    pub why: Shared<Vec<Cause>>,
    pub on_close: Callback<()>,
    pub on_select: Callback<Thing>,
    pub on_command: Callback<Command>,
    /// Go to the moment of an event.
    pub on_event: Callback<EventId>,
}

#[component]
pub fn Inspector(props: &InspectorProps) -> Html {
    let heading = use_node_ref();
    let all_causes = use_state(|| false);
    {
        // What was chosen is read first; the keyboard goes on from there.
        let (heading, all_causes) = (heading.clone(), all_causes.clone());
        use_effect_with(props.thing.clone(), move |_| {
            all_causes.set(false);
            browser::focus_without_scrolling(&heading);
        });
    }
    let close = props.on_close.reform(|_: MouseEvent| ());
    let title = props.inspection.as_ref().map_or_else(|| props.thing.words(), |inspection| inspection.title.clone());
    html! {
        <aside class="inspector" aria-label="Inspector">
            <header>
                <h2 ref={heading} tabindex="-1">{ title }</h2>
                <button type="button" class="button" onclick={close} title="Close (Esc)">{ "Close" }</button>
            </header>
            if let Some(inspection) = &props.inspection {
                <p>{ &inspection.help }</p>
                { offers(inspection, &props.on_command) }
                { facts(&inspection.facts) }
                { why(props, &all_causes) }
                { for inspection.bytes.iter().map(bytes) }
                { settings(&inspection.settings) }
                { related(inspection, &props.on_select) }
            } else {
                <p class="quiet">{ "It is not there at this moment. Go to another step, or choose something else." }</p>
                { why(props, &all_causes) }
            }
        </aside>
    }
}

fn offers(inspection: &Inspection, on_command: &Callback<Command>) -> Html {
    if inspection.offers.is_empty() {
        return html! {};
    }
    html! {
        <div class="acts" role="group" aria-label={format!("What can be done to {}", inspection.title)}>
            { for inspection.offers.iter().map(|offer| {
                let command = offer.command.clone();
                let go = on_command.reform(move |_: MouseEvent| command.clone());
                html! { <button type="button" class="button" onclick={go} title={offer.help.clone()}>{ &offer.label }</button> }
            }) }
        </div>
    }
}

fn facts(facts: &[Fact]) -> Html {
    if facts.is_empty() {
        return html! {};
    }
    html! {
        <section>
            <h3>{ "State" }</h3>
            <dl class="facts">
                { for facts.iter().map(|fact| html! {
                    <div>
                        <dt title={(!fact.help.is_empty()).then(|| fact.help.clone())}>{ &fact.label }</dt>
                        <dd>{ &fact.value }</dd>
                    </div>
                }) }
            </dl>
        </section>
    }
}

fn why(props: &InspectorProps, all: &UseStateHandle<bool>) -> Html {
    let causes = &props.why;
    if causes.0.is_empty() {
        return html! {};
    }
    let shown = if **all { causes.0.len() } else { NEAREST_CAUSES.min(causes.0.len()) };
    let more = {
        let all = all.clone();
        Callback::from(move |_: MouseEvent| all.set(true))
    };
    html! {
        <section>
            <h3>{ "Why?" }</h3>
            <ol class="causes">
                { for causes.0[..shown].iter().map(|cause| {
                    let event = cause.event;
                    let go = props.on_event.reform(move |_: MouseEvent| event);
                    html! {
                        <li>
                            <span>{ &cause.sentence }</span>
                            <button type="button" class="link" onclick={go} title="Go to this moment"
                                aria-label={format!("Go to {}: {}", moment(cause.since_start_us), cause.sentence)}>{ moment(cause.since_start_us) }</button>
                        </li>
                    }
                }) }
            </ol>
            if shown < causes.0.len() {
                <button type="button" class="link" onclick={more}>{ format!("{} causes further back", causes.0.len() - shown) }</button>
            }
        </section>
    }
}

fn moment(since_start_us: i64) -> String {
    match u64::try_from(since_start_us) {
        Ok(us) => duration_text(us),
        Err(_) => format!("−{}", duration_text(since_start_us.unsigned_abs())),
    }
}

fn bytes(batch: &BatchBytes) -> Html {
    html! {
        <section>
            <h3>{ "Bytes" }</h3>
            <p class="quiet">{ &batch.caption }</p>
            if let Some(problem) = &batch.problem {
                <p class="complaint">{ problem }</p>
            }
            <div class="table-scroll" tabindex="0" role="region" aria-label={batch.caption.clone()}>
                <table class="bytes">
                    <thead><tr><th scope="col">{ "At" }</th><th scope="col">{ "Bytes" }</th><th scope="col">{ "Field" }</th></tr></thead>
                    <tbody>
                        { for batch.fields.iter().map(|field| html! {
                            <tr class={classes!(field.record.is_some().then_some("of-record"))}>
                                <td>{ field.start }</td>
                                <td><code>{ &field.hex }</code></td>
                                <td><b>{ &field.name }</b>{ " " }<span class="value">{ &field.value }</span><p class="quiet">{ &field.meaning }</p></td>
                            </tr>
                        }) }
                    </tbody>
                </table>
            </div>
        </section>
    }
}

fn settings(settings: &[Setting]) -> Html {
    if settings.is_empty() {
        return html! {};
    }
    let changed = settings.iter().filter(|setting| setting.is_changed()).count();
    html! {
        <section>
            <h3>{ "Settings" }</h3>
            <details>
                <summary>{ format!("{} settings, {changed} of them not at Kafka's default", settings.len()) }</summary>
                <dl class="settings">
                    { for settings.iter().map(|setting| html! {
                        <div class={classes!(setting.is_changed().then_some("changed"))}>
                            <dt><code>{ &setting.name }</code></dt>
                            <dd>
                                <code>{ shown(&setting.value) }</code>
                                if setting.is_changed() { <span class="quiet">{ format!(" (default: {})", shown(&setting.default)) }</span> }
                                <p class="quiet">{ &setting.help }</p>
                            </dd>
                        </div>
                    }) }
                </dl>
            </details>
        </section>
    }
}

fn shown(value: &str) -> String {
    if value.is_empty() { "(empty)".into() } else { value.into() }
}

fn related(inspection: &Inspection, on_select: &Callback<Thing>) -> Html {
    if inspection.related.is_empty() {
        return html! {};
    }
    html! {
        <section>
            <h3>{ "Look also at" }</h3>
            <div class="acts">
                { for inspection.related.iter().map(|(thing, text)| {
                    let thing = thing.clone();
                    let go = on_select.reform(move |_: MouseEvent| thing.clone());
                    html! { <button type="button" class="chip" onclick={go}>{ text }</button> }
                }) }
            </div>
        </section>
    }
}
