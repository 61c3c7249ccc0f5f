//! The page's head: brand, the nine modules, progress, share, theme.

use yew::prelude::*;

use super::shared::Shared;
use crate::course::{Course, course};
use crate::stage::contract::Theme;

#[derive(Properties, PartialEq)]
pub struct HeaderProps {
    /// 0: none of them.
    pub module: u32,
    /// Whether the page is the one about fidelity.
    pub fidelity: bool,
    /// Examples completed, and examples that there are.
    pub progress: (usize, usize),
    /// Whether progress is kept across reloads.
    pub is_kept: bool,
    pub theme: Theme,
    /// What became of the last copying; None: nothing was copied lately.
    pub copied: Option<bool>,
    pub on_share: Callback<()>,
    pub on_theme: Callback<Theme>,
    pub on_reset: Callback<()>,
}

#[component]
pub fn Header(props: &HeaderProps) -> Html {
    let course = use_memo((), |()| Shared(course()));
    let (completed, total) = props.progress;
    let share = props.on_share.reform(|_: MouseEvent| ());
    let reset = props.on_reset.reform(|_: MouseEvent| ());
    let theme = props.on_theme.reform(|event: Event| {
        let select: web_sys::HtmlSelectElement = event.target_unchecked_into();
        Theme::from_name(&select.value()).unwrap_or_default()
    });
    let share_text = match props.copied {
        None => "Copy link",
        Some(true) => "Copied",
        Some(false) => "Could not copy",
    };
    html! {
        <header class="head">
            <a class="brand" href="#/module/3">{ logo() }<span>{ "Glassbroker" }</span></a>
            <nav aria-label="Modules">{ modules(&course, props.module) }</nav>
            <a class="link faithful" href="#/fidelity" aria-current={props.fidelity.then_some("page")}
                title="What was compared with a real Kafka, and what came out">{ "How faithful?" }</a>
            <div class="progress">
                <span>{ format!("Your progress: examples completed {completed}/{total}") }</span>
                <progress max={total.to_string()} value={completed.to_string()} aria-label="Examples completed" />
                if !props.is_kept {
                    <span class="quiet" title="This browser does not let the page store anything.">{ "not kept" }</span>
                } else if completed > 0 {
                    <button type="button" class="link" onclick={reset}>{ "Reset" }</button>
                }
            </div>
            <button type="button" class="button" onclick={share} title="A link to this very moment of this run">{ share_text }</button>
            <span class="sr-only" role="status">{ props.copied.map_or("", |_| share_text) }</span>
            <label class="theme">
                <span class="sr-only">{ "Theme" }</span>
                <select onchange={theme}>
                    { for Theme::ALL.map(|theme| html! {
                        <option value={theme.name()} selected={theme == props.theme}>{ theme_text(theme) }</option>
                    }) }
                </select>
            </label>
        </header>
    }
}

const fn theme_text(theme: Theme) -> &'static str {
    match theme {
        Theme::Auto => "System",
        Theme::Light => "Light",
        Theme::Dark => "Dark",
        Theme::Contrast => "Contrast",
    }
}

fn modules(course: &Course, current: u32) -> Html {
    html! {
        <ol class="modules">
            { for course.modules.iter().map(|module| {
                let class = classes!((module.number == current).then_some("here"), (!module.has_content()).then_some("empty"));
                let title = match module.has_content() {
                    true => format!("Module {}: {}", module.number, module.title),
                    false => format!("Module {}: {} (no content yet)", module.number, module.title),
                };
                let current = (module.number == current).then_some("page");
                html! {
                    <li {class}>
                        <a href={format!("#/module/{}", module.number)} aria-current={current} aria-label={title.clone()} {title}>
                            { module.number }
                        </a>
                    </li>
                }
            }) }
        </ol>
    }
}

/// Five lines in a glass box: a log.
fn logo() -> Html {
    html! {
        <svg viewBox="0 0 24 24" width="22" height="22" fill="none" stroke="currentColor" stroke-width="1.8" aria-hidden="true">
            <rect x="2.5" y="5" width="19" height="14" rx="3" />
            <path d="M7 5v14M11.5 5v14M16 5v14" stroke-width="1.3" />
            <path d="M2.5 9.5h9" stroke="var(--warm)" stroke-width="2" />
        </svg>
    }
}
