//! The diagram in the documentation is the one that the table of transitions gives.

use std::fs;
use std::path::Path;

use bealert_core::outcome::mermaid;

/// Set it to any value to write the diagram instead of comparing it:
/// `BEALERT_WRITE_DIAGRAM=1 cargo test -p bealert-core --test books diagram`.
const WRITE: &str = "BEALERT_WRITE_DIAGRAM";

const OPENING: &str = "```mermaid\n";
const CLOSING: &str = "```\n";

#[test]
fn the_documented_diagram_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/explanation/states.md");
    let page = fs::read_to_string(&path).expect("docs/explanation/states.md");
    let (before, rest) = page.split_once(OPENING).expect("a mermaid block opens");
    let (shown, after) = rest.split_once(CLOSING).expect("the mermaid block closes");
    let drawn = mermaid();
    if std::env::var_os(WRITE).is_some() {
        let page = format!("{before}{OPENING}{drawn}{CLOSING}{after}");
        fs::write(&path, page).expect("docs/explanation/states.md can be written");
        return;
    }
    assert_eq!(shown, drawn, "set {WRITE}=1 to write docs/explanation/states.md anew");
}
