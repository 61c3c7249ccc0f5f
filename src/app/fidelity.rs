//! The page that says how far the simulated cluster is Kafka's, and what was compared.

use yew::prelude::*;

use super::prose::raw;
use crate::course::FIDELITY_HTML;

#[component]
pub fn Fidelity() -> Html {
    html! {
        <main class="document">{ raw(FIDELITY_HTML) }</main>
    }
}
