//! The page of a module that has no content yet: what it will be about.

use yew::prelude::*;

use super::shared::Shared;
use crate::course::Module;

#[derive(Properties, PartialEq)]
pub struct OutlineProps {
    pub module: Shared<Module>,
}

#[component]
pub fn Outline(props: &OutlineProps) -> Html {
    let module = &props.module;
    html! {
        <main class="outline">
            <h1>{ &module.title }</h1>
            <p class="meta">{ format!("Module {} · {} minutes · {}", module.number, module.minutes, module.level) }</p>
            <p>{ &module.outline }</p>
            <p class="notice">{ "This module has no content yet. Module 3 is ready to be played." }</p>
            <h2>{ "Its examples will be" }</h2>
            <ul>{ for module.example_titles.iter().map(|title| html! { <li>{ title }</li> }) }</ul>
            <p><a class="button" href="#/module/3">{ "To Module 3: How Kafka Solves the Problem" }</a></p>
        </main>
    }
}
