//! The state in tables: the same facts as the picture, for those who read rather than look.

use yew::prelude::*;

use super::shared::Shared;
use crate::stage::tables::Table;
use crate::stage::{Frame, Thing, tables};

#[derive(Properties, PartialEq)]
pub struct TablesProps {
    pub frame: Shared<Frame>,
    pub open: bool,
    pub on_toggle: Callback<()>,
    pub on_select: Callback<Option<Thing>>,
}

#[component]
pub fn Tables(props: &TablesProps) -> Html {
    let toggle = props.on_toggle.reform(|_: MouseEvent| ());
    html! {
        <section class="tables">
            <button type="button" class="link" onclick={toggle} aria-expanded={props.open.to_string()}>
                { if props.open { "Hide the state in tables" } else { "Show the state in tables" } }
            </button>
            if props.open { { for tables::tables(&props.frame).iter().map(|table| one(table, &props.on_select)) } }
        </section>
    }
}

fn one(table: &Table, on_select: &Callback<Option<Thing>>) -> Html {
    html! {
        <div class="table-scroll" tabindex="0" role="region" aria-label={table.title.clone()}>
            <table>
                <caption>{ &table.title }</caption>
                <thead><tr>{ for table.columns.iter().map(|column| html! { <th scope="col">{ column }</th> }) }</tr></thead>
                <tbody>{ for table.rows.iter().zip(&table.things).map(|(cells, thing)| row(cells, thing, on_select)) }</tbody>
            </table>
        </div>
    }
}

/// The first cell opens the inspector: so messages on their way can be reached without a mouse, too.
fn row(cells: &[String], thing: &Thing, on_select: &Callback<Option<Thing>>) -> Html {
    let Some((first, rest)) = cells.split_first() else { return html! {} };
    let thing = thing.clone();
    let look = on_select.reform(move |_: MouseEvent| Some(thing.clone()));
    html! {
        <tr>
            <th scope="row"><button type="button" class="link" onclick={look} title="Look inside">{ first }</button></th>
            { for rest.iter().map(|cell| html! { <td>{ cell }</td> }) }
        </tr>
    }
}
