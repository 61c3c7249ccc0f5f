//! Each historic scenario goes wrong in its old form and well in its present one, and the guarantees say so.

use glassbroker::sim::history::{ALL, Form, Play, Scenario};

/// Plays both forms and says all that is not as it should be.
fn complaints(scenario: &'static Scenario) -> Vec<String> {
    let mut complaints = Vec::new();
    for form in Form::BOTH {
        let play = match Play::of(scenario, form) {
            Ok(play) => play,
            Err(stuck) => {
                complaints.push(stuck.to_string());
                continue;
            }
        };
        let id = scenario.id;
        for claim in scenario.claims(form).iter().filter(|claim| !(claim.holds)(&play)) {
            let logs: Vec<_> = play.world().brokers().map(|(_, broker)| play.log(broker.id().0)).collect();
            complaints.push(format!(
                "{id}, the {form} form: it is not true that {:?}; leader {:?}, logs {logs:?}, acknowledged {:?}, failed \
                 {:?}, polled {:?}, processed {:?}",
                claim.says,
                play.leader(),
                play.acknowledged(),
                play.failed(),
                play.polled(),
                play.processed()
            ));
        }
        let expected = if form == Form::Old { scenario.noticed_by } else { None };
        let noticed = play.violation().map(|violation| violation.guarantee);
        if noticed != expected {
            complaints.push(format!(
                "{id}, the {form} form is noticed by {noticed:?}, not by {expected:?}: {:?}",
                play.violation().map(ToString::to_string)
            ));
        }
    }
    complaints
}

#[test]
fn every_scenario_goes_wrong_as_it_did_and_well_as_it_does_now() {
    let only = std::env::var("SCENARIO").ok();
    let wanted = ALL.iter().filter(|scenario| only.as_ref().is_none_or(|only| scenario.id == only));
    let complaints: Vec<String> = wanted.flat_map(|scenario| complaints(scenario)).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn scenarios_have_names_and_sentences() {
    let mut ids: Vec<&str> = ALL.iter().map(|scenario| scenario.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), ALL.len(), "no two have the same id");
    for scenario in ALL {
        let sentences = [scenario.story, scenario.old, scenario.present];
        let of_acts = scenario.acts.iter().map(|act| act.says);
        let of_claims = Form::BOTH.into_iter().flat_map(|form| scenario.claims(form)).map(|claim| claim.says);
        for sentence in sentences.into_iter().chain(of_acts).chain(of_claims) {
            assert!(sentence.ends_with('.'), "{}: {sentence:?}", scenario.id);
        }
        assert!(!scenario.old_claims.is_empty() && !scenario.present_claims.is_empty(), "{}", scenario.id);
    }
}
