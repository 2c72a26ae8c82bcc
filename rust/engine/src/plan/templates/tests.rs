//! Rendering, its problems, and that plain templates render as minijinja renders them.

use super::*;
use proptest::prelude::*;

const VALUES: Values<'static> = Values {
    id: "p1",
    name: Some("Ann <ann@example.org>"),
    language: None,
    own: &[("street", "Kerkstraat"), ("empty", "")],
    plan: &[("network", "Zennevallei"), ("street", "Markt"), ("dict", "3 km")],
};

fn compile(source: &str) -> Content {
    Content::compile(&[("nl", source)]).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn render(source: &str) -> Result<String, RenderProblem> {
    let mut out = String::from("left from before");
    compile(source).render(0, &VALUES, &mut out).map(|()| out)
}

fn missing(name: &str) -> Result<String, RenderProblem> {
    Err(RenderProblem::Missing { name: name.to_owned() })
}

#[test]
fn values_are_put_in_as_they_are() {
    assert_eq!(render("BIN {{network}}: {{ street }}.").as_deref(), Ok("BIN Zennevallei: Kerkstraat."));
    assert_eq!(
        render("{{ name }} {{ name|upper }}").as_deref(),
        Ok("Ann <ann@example.org> ANN <ANN@EXAMPLE.ORG>")
    );
    assert_eq!(render("{% if empty %}a{% else %}b{% endif %}{{ id }}").as_deref(), Ok("bp1"));
    assert_eq!(render("within {{ dict }}").as_deref(), Ok("within 3 km"), "a value wins over a function");
    assert_eq!(render("one line\n").as_deref(), Ok("one line"));
}

#[test]
fn a_name_without_a_value_is_named() {
    assert_eq!(render("in {{ stret }}"), missing("stret"));
    assert_eq!(render("in {{ stret|upper }}"), missing("stret"));
    assert_eq!(render("{% if stret %}x{% endif %}"), missing("stret"));
    assert_eq!(render("{% for x in streets %}{{ x }}{% endfor %}"), missing("streets"));
    assert_eq!(render("{{ language }}"), missing("language"));
    assert_eq!(render("{{ street.number }}"), missing("street.number"));
    assert_eq!(render("{{ stret is defined }} {{ stret|default('home') }}").as_deref(), Ok("False home"));
    let mut out = String::from("left from before");
    assert!(compile("begun {{ stret }}").render(0, &VALUES, &mut out).is_err());
    assert_eq!(out, "", "half a text is no text");
}

#[test]
fn other_problems_say_what_and_where() {
    assert_eq!(render("{{ empty }} \n"), Err(RenderProblem::Blank));
    let problem = render("one\n{{ street|shout }}").unwrap_err();
    assert!(
        matches!(&problem, RenderProblem::Failed { line: 2, message } if message.contains("shout")),
        "{problem}"
    );
}

#[test]
fn a_template_without_end_is_stopped() {
    let loops = "{% for a in range(9999) %}{% for b in range(9999) %}{{ a * b }}{% endfor %}{% endfor %}";
    assert_eq!(render(loops), Err(RenderProblem::TooMuchWork));
    assert_eq!(render("{{ 'x' * 999999999 }}"), Err(RenderProblem::TooMuchWork));
    let doubled = "{% set ns = namespace(x='x') %}{% for a in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}";
    assert_eq!(render(doubled), Err(RenderProblem::TooMuchWork));
}

/// The longest short message there can be is far below the limit of work.
#[test]
fn a_long_text_is_no_problem() {
    let long = format!("{{% if id %}}{}{{% endif %}}", "x".repeat(1_000_000));
    assert_eq!(render(&long).map(|text| text.len()), Ok(1_000_000));
}

#[test]
fn every_problem_of_every_text_is_told() {
    let texts =
        [("nl", "fine"), ("NL", "again"), ("fr", "  "), ("de", "one\n{{ street"), ("", "x"), ("e n", "x")];
    let problems = Content::compile(&texts).unwrap_err();
    let text = |language: &str| language.to_owned();
    assert_eq!(problems[0], TemplateProblem::Twice { language: text("NL") });
    assert_eq!(problems[1], TemplateProblem::Blank { language: text("fr") });
    assert!(matches!(&problems[2], TemplateProblem::Syntax { language, line: 2, .. } if language == "de"));
    assert_eq!(problems[3], TemplateProblem::Language { language: text("") });
    assert_eq!(problems[4], TemplateProblem::Language { language: text("e n") });
    assert_eq!(problems.len(), 5);
    let none: [(&str, &str); 0] = [];
    assert_eq!(Content::compile(&none).unwrap_err(), [TemplateProblem::None]);
}

#[test]
fn no_template_reads_anything_but_values() {
    for source in ["{% include 'nl' %}", "{% extends 'nl' %}", "{% import 'nl' as x %}x"] {
        let problems = Content::compile(&[("nl", source)]).unwrap_err();
        assert!(matches!(problems[0], TemplateProblem::Syntax { .. }), "{source}: {problems:?}");
    }
}

#[test]
fn the_names_of_all_texts_are_known() {
    let content =
        Content::compile(&[("nl", "{{ b }} {{ id }}"), ("fr", "{% for x in c %}{{ x.y }}{% endfor %}")])
            .unwrap();
    assert_eq!(content.names(), ["b", "c", "id"]);
    assert_eq!(content.languages(), ["nl", "fr"]);
}

#[test]
fn usual_texts_are_plain_and_others_are_not() {
    let plain = |source: &str| compile(source).texts[0].plain.is_some();
    assert!(plain("Inbraak in {{ street }}. Bel 101 { } }} \n"));
    for source in [
        "{{ street|upper }}",
        "{{- street }}",
        "{# note #}x",
        "{% if id %}x{% endif %}",
        "{{ range }}",
        "{{ true }}",
    ] {
        assert!(!plain(source), "{source}");
    }
}

#[test]
fn a_content_can_be_rendered_from_any_thread() {
    fn shared<T: Send + Sync>() {}
    shared::<Content>();
}

/// Templates of pieces that are plain, nearly plain or not at all.
fn sources() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(vec![
            "{{ id }}", "{{street}}", "{{\tname\r\n}}", "{{ network }}", "{{ empty }}", "{{ nobody }}", "{{ _x9 }}",
        ]).prop_map(str::to_owned),
        2 => proptest::sample::select(vec![
            "{{ range }}", "{{ dict }}", "{{ debug }}", "{{ namespace }}", "{{ true }}", "{{ None }}", "{{ loop }}", "{{ self }}",
            "{{ not }}", "{{ in }}", "{{ is }}", "{{ and }}", "{{ else }}", "{{ for }}", "{{ set }}", "{{ 1x }}", "{{ é }}", "{{\u{A0}id }}",
            "{{-id}}", "{{ id -}}", "{{+id}}", "{{ id + }}", "{{{id}}}", "{{}}", "{{ }}", "{{ id", "{% raw %}", "{# {{ #}",
        ]).prop_map(str::to_owned),
        2 => proptest::sample::select(vec!["{", "}", "}}", "%}", "#}", "\n", "\r\n", "\r", " ", "\\", "'"]).prop_map(str::to_owned),
        2 => "[a-zé€{}# %]{0,6}",
        1 => "\\{\\{ ?[a-z]{2,4} ?\\}\\}",
    ];
    proptest::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn plain_templates_render_as_minijinja_renders_them(source in sources(), street in ".{0,20}") {
        let Ok(content) = Content::compile(&[("nl", &source)]) else { return Ok(()) };
        let Some(plain) = &content.texts[0].plain else { return Ok(()) };
        let own = [("street", street.as_str())];
        let values = Values { own: &own, ..VALUES };
        let (mut short, mut long) = (String::new(), String::new());
        let by_plain = plain.render(&values, &mut short).map(|()| short);
        let by_minijinja = content.render_any(0, &values, &mut long).map(|()| long);
        prop_assert_eq!(by_plain, by_minijinja, "{:?}", source);
    }

    #[test]
    fn no_template_makes_it_panic(source in sources()) {
        if let Ok(content) = Content::compile(&[("nl", &source)]) {
            let _ = content.render(0, &VALUES, &mut String::new());
        }
    }
}
