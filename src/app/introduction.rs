//! The text above or beside the figure: the module's words, its examples, what the chosen one is about, and its goals.

use yew::prelude::*;

use super::goals::Goals;
use super::prose::raw;
use super::shared::Shared;
use crate::course::goal::Verdict;
use crate::course::{Example, Module, Parameters};

#[derive(Properties, PartialEq)]
pub struct IntroductionProps {
    pub module: Shared<Module>,
    pub example: Shared<Example>,
    pub parameters: Shared<Parameters>,
    /// Ids of the examples that are completed.
    pub completed: Shared<Vec<String>>,
    /// Goals reached in this or an earlier run.
    pub reached: Shared<Vec<bool>>,
    pub verdicts: Shared<Vec<Verdict>>,
    pub on_example: Callback<String>,
}

#[component]
pub fn Introduction(props: &IntroductionProps) -> Html {
    let (module, example) = (&props.module, &props.example);
    html! {
        <>
            <h1>{ &module.title }</h1>
            <p class="meta">
                { format!("Module {} · {} minutes · {} examples · {}", module.number, module.minutes, module.example_titles.len(), module.level) }
            </p>
            { raw(&module.html) }
            <nav class="examples" aria-label="Examples">
                { for module.examples.iter().map(|one| choice(props, one)) }
            </nav>
            <h2>{ format!("Example {}: {}", example.number, example.title) }</h2>
            { raw(&example.html) }
            if example.editable.iter().any(|field| field == "value") {
                <pre class="message"><code>{ &props.parameters.value }</code></pre>
            }
            <Goals example={example.clone()} reached={props.reached.clone()} verdicts={props.verdicts.clone()} />
        </>
    }
}

/// One of the module's examples, to be opened.
fn choice(props: &IntroductionProps, example: &Example) -> Html {
    let id = example.id.clone();
    let open = props.on_example.reform(move |_: MouseEvent| id.clone());
    let here = example.id == props.example.id;
    let done = props.completed.0.contains(&example.id);
    html! {
        <button type="button" class={classes!("choice", here.then_some("here"))} onclick={open}
            aria-current={here.then_some("true")}>
            <span class="n" aria-hidden="true">{ if done { "✓".to_string() } else { example.number.to_string() } }</span>
            { &example.title }
            if done { <span class="sr-only">{ " (completed)" }</span> }
        </button>
    }
}
