//! The goals of an example: how they stand, and a hint for those who want one.

use yew::prelude::*;

use super::shared::Shared;
use crate::course::Example;
use crate::course::goal::Verdict;

#[derive(Properties, PartialEq)]
pub struct GoalsProps {
    pub example: Shared<Example>,
    /// Goals reached in this or an earlier run.
    pub reached: Shared<Vec<bool>>,
    pub verdicts: Shared<Vec<Verdict>>,
}

#[component]
pub fn Goals(props: &GoalsProps) -> Html {
    if props.example.goals.is_empty() {
        return html! {};
    }
    html! {
        <section class="goals" aria-label="Goals">
            <h3>{ if props.example.goals.len() == 1 { "Your goal" } else { "Your goals" } }</h3>
            <ul>
                { for props.example.goals.iter().enumerate().map(|(index, goal)| {
                    let reached = props.reached.0.get(index).copied().unwrap_or(false);
                    let verdict = props.verdicts.0.get(index);
                    html! {
                        <li class={classes!(reached.then_some("reached"))}>
                            <span aria-hidden="true">{ if reached { "✓" } else { "○" } }</span>
                            <div>
                                <p>{ &goal.text }<span class="sr-only">{ if reached { " (reached)" } else { " (not yet)" } }</span></p>
                                if let Some(verdict) = verdict {
                                    <p class="quiet">{ &verdict.why }</p>
                                }
                                if !reached {
                                    <details><summary>{ "A hint" }</summary><p>{ &goal.hint }</p></details>
                                }
                            </div>
                        </li>
                    }
                }) }
            </ul>
        </section>
    }
}
