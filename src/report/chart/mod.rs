//! Charts as inline SVG. Lengths across are percentages and lengths down are
//! pixels, so that a chart fills any width while its text keeps its size.
//! Colours and dashes belong to the style sheet; shapes and words carry the
//! same difference, so that no reader depends on colour.

mod bar;
mod line;
mod scale;

pub(super) use bar::{Bar, BarChart};
pub(super) use line::{Line, LineChart};

/// Escapes text for SVG and HTML, in element content and in attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Not allowed in XML even as a reference.
            character if character.is_control() && !matches!(character, '\t' | '\n' | '\r') => {}
            character => escaped.push(character),
        }
    }
    escaped
}

/// The opening tag, with the name and the description that a screen reader gives.
fn open(class: &str, id: &str, height: f64, title: &str, description: &str) -> String {
    format!(
        "<svg class=\"chart {class}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" width=\"100%\" height=\"{height}\" \
         xmlns=\"http://www.w3.org/2000/svg\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>",
        escape(title),
        escape(description)
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(super::escape("<b a=\"'x'\">&\u{0}"), "&lt;b a=&quot;&#39;x&#39;&quot;&gt;&amp;");
    }
}
