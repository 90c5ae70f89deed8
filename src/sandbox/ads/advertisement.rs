//! One advertisement with every field that a real one has.

use std::fmt::Write as _;

use jiff::civil::DateTime;

use super::local;
use super::text::{step, text};
use crate::reference::Reference;
use crate::sandbox::lists;
use crate::sandbox::noise::mix;

/// Bytes of the description, at least and about at most; with the rest some 5 kB, as in the yearly files.
const SHORTEST: usize = 400;
const LONGEST: usize = 1_600;

struct Occupation {
    ssyk: String,
    group: String,
    label: String,
    field: String,
    field_label: String,
}

struct Place {
    kommun: String,
    kommun_id: String,
    name: String,
    lan: String,
    lan_id: String,
    lan_name: String,
}

/// Writes advertisements on the real code lists.
pub struct Writer {
    seed: u64,
    occupations: Vec<Occupation>,
    places: Vec<Place>,
}

/// What is different from one advertisement to the next; the rest follows from `number`.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Decides occupation, place and texts.
    pub number: u64,
    pub id: String,
    pub original_id: Option<String>,
    pub published: DateTime,
    pub last_published: DateTime,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    pub vacancies: Option<u32>,
    /// The occupation as an array of one, as many files have it.
    pub in_array: bool,
}

impl Writer {
    #[must_use]
    pub fn new(reference: &Reference, seed: u64) -> Self {
        let mut occupations = Vec::new();
        if let Some(groups) = reference.tables.get("ssyk") {
            for row in 0..groups.num_rows() {
                let text = |column| lists::text(groups, column, row);
                occupations.push(Occupation {
                    ssyk: text("ssyk"),
                    group: text("taxonomi_id"),
                    label: text("benamning"),
                    field: text("yrkesomrade_id"),
                    field_label: text("yrkesomrade"),
                });
            }
        }
        let id_of = |code: &str| {
            let places = reference.tables.get("platser")?;
            let row = (0..places.num_rows()).find(|row| lists::text(places, "kod", *row) == code)?;
            Some(lists::text(places, "taxonomi_id", row))
        };
        let mut places = Vec::new();
        for kommun in reference.kommuner.values() {
            let Some(lan) = reference.lan.get(&kommun.lan) else { continue };
            places.push(Place {
                kommun: kommun.kod.clone(),
                kommun_id: id_of(&kommun.kod).unwrap_or_default(),
                name: kommun.namn.clone(),
                lan: lan.kod.clone(),
                lan_id: id_of(&lan.kod).unwrap_or_default(),
                lan_name: lan.namn.clone(),
            });
        }
        Self { seed, occupations, places }
    }

    /// Number of a place among all, where a few have most.
    fn skewed(draw: usize, count: usize) -> usize {
        let unit = (draw % 100_000) as f64 / 100_000.0;
        ((unit * unit * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// Adds the advertisement's JSON, without a line's end.
    pub fn write(&self, facts: &Facts, out: &mut String) {
        let mut state = mix(self.seed, &[facts.number]);
        let (Some(occupation), Some(place)) = (
            self.occupations.get(Self::skewed(step(&mut state), self.occupations.len())),
            self.places.get(Self::skewed(step(&mut state), self.places.len())),
        ) else {
            return;
        };
        let draw = step(&mut state);
        let number = facts.number;
        let person = format!("Påhitta {}Fantasisson", ["", "Uppdikta ", "Låtsas "][draw % 3]);
        let phone = format!("070-17406 {:02}", number % 100);
        let mail = format!("pahitta.{number}@pahittat.example");
        let quoted = |text: &Option<String>| text.as_ref().map_or("null".to_owned(), |text| format!("{text:?}"));
        let _ = write!(
            out,
            "{{\"id\":\"{id}\",\"external_id\":\"46-55{number}-{draw}\",\"original_id\":{original},\"label\":[],\
             \"webpage_url\":\"https://arbetsformedlingen.example/platsbanken/annonser/{id}\",\"logo_url\":null,\
             \"headline\":\"{label} till {kommun} (fråga efter {person})\",\"application_deadline\":\"{last}\",\
             \"number_of_vacancies\":{vacancies},\"description\":{{\"text\":\"",
            id = facts.id,
            original = quoted(&facts.original_id),
            label = occupation.label,
            kommun = place.name,
            last = local(facts.last_published),
            vacancies = facts.vacancies.map_or("null".to_owned(), |number| number.to_string()),
        );
        let contact = format!(
            "Kontakta {person}, tfn {phone} eller {mail}, på Låtsasgatan 3. Ange \\\"referens-hittepå {number}\\\"."
        );
        let length = SHORTEST + draw % (LONGEST - SHORTEST);
        text(&mut state, length, &contact, out);
        out.push_str("\",\"text_formatted\":null,\"company_information\":null,\"needs\":null,\"requirements\":null,\"conditions\":\"");
        text(&mut state, 200, "Tillträde snarast. Enligt avtal.", out);
        let _ = write!(
            out,
            "\"}},\"employment_type\":{{\"concept_id\":\"PFZr_Syz_cUq\",\"label\":\"Vanlig anställning\",\"legacy_ams_taxonomy_id\":\"1\"}},\
             \"salary_type\":{{\"concept_id\":\"oG8G_9cW_nRf\",\"label\":\"Fast månads- vecko- eller timlön\",\"legacy_ams_taxonomy_id\":\"1\"}},\
             \"salary_description\":\"Fast lön. Fråga {person}.\",\
             \"duration\":{{\"concept_id\":\"a7uU_j21_mkL\",\"label\":\"Tillsvidare\",\"legacy_ams_taxonomy_id\":\"1\"}},\
             \"working_hours_type\":{{\"concept_id\":\"6YE1_gAC_R2G\",\"label\":\"Heltid\",\"legacy_ams_taxonomy_id\":\"1\"}},\
             \"scope_of_work\":{{\"min\":100,\"max\":100}},\"access\":null,\
             \"employer\":{{\"phone_number\":\"{phone}\",\"email\":\"{mail}\",\"url\":\"https://pahittat.example/{number}\",\
             \"organization_number\":\"99{number:08}\",\"name\":\"{person} Enskild Firma\",\"workplace\":\"{person}s verkstad\"}},\
             \"application_details\":{{\"information\":\"Ring {person}\",\"reference\":\"referens-hittepå {number}\",\"email\":\"{mail}\",\
             \"via_af\":false,\"url\":null,\"other\":\"{phone}\"}},\"experience_required\":{experience},\"access_to_own_car\":false,\
             \"driving_license_required\":false,\"driving_license\":null,\"occupation\":",
            experience = draw.is_multiple_of(3),
        );
        let job = format!(
            "{{\"concept_id\":\"{}\",\"label\":\"{}\",\"legacy_ams_taxonomy_id\":\"{}\"}}",
            occupation.group,
            occupation.label,
            1000 + draw % 9000
        );
        if facts.in_array {
            let _ = write!(out, "[{job}]");
        } else {
            out.push_str(&job);
        }
        // Newer concepts have no code of the old taxonomy.
        let ssyk = if draw % 151 == 7 { "null".to_owned() } else { format!("\"{}\"", occupation.ssyk) };
        let group = format!(
            "{{\"concept_id\":\"{}\",\"label\":\"{}\",\"legacy_ams_taxonomy_id\":{ssyk}}}",
            occupation.group, occupation.label
        );
        let field = format!(
            "{{\"concept_id\":\"{}\",\"label\":\"{}\",\"legacy_ams_taxonomy_id\":\"{}\"}}",
            occupation.field,
            occupation.field_label,
            1 + draw % 21
        );
        let (open, close) = if facts.in_array { ("[", "]") } else { ("", "") };
        let _ = write!(
            out,
            ",\"occupation_group\":{open}{group}{close},\"occupation_field\":{open}{field}{close},\"workplace_address\":{{"
        );
        // Some are nowhere in particular, some abroad.
        if draw % 199 == 11 {
            out.push_str(
                "\"municipality\":null,\"municipality_code\":null,\"municipality_concept_id\":null,\"region\":null,\"region_code\":null,\
                 \"region_concept_id\":null,\"country\":\"Norge\",\"country_code\":\"155\",\"country_concept_id\":\"QJgN_Zge_BzJ\",",
            );
        } else if draw % 41 == 5 {
            out.push_str(
                "\"municipality\":null,\"municipality_code\":null,\"municipality_concept_id\":null,\"region\":null,\"region_code\":null,\
                 \"region_concept_id\":null,\"country\":\"Sverige\",\"country_code\":\"199\",\"country_concept_id\":\"i46j_HmG_v64\",",
            );
        } else {
            let _ = write!(
                out,
                "\"municipality\":\"{}\",\"municipality_code\":\"{}\",\"municipality_concept_id\":\"{}\",\"region\":\"{}\",\
                 \"region_code\":\"{}\",\"region_concept_id\":\"{}\",\"country\":\"Sverige\",\"country_code\":\"199\",\
                 \"country_concept_id\":\"i46j_HmG_v64\",",
                place.name, place.kommun, place.kommun_id, place.lan_name, place.lan, place.lan_id
            );
        }
        let _ = write!(
            out,
            "\"street_address\":\"Låtsasgatan {}\",\"postcode\":\"99999\",\"city\":\"{}\",\"coordinates\":[17.0{},59.8{}]}},\
             \"must_have\":{{\"skills\":[],\"languages\":[{{\"concept_id\":\"zSLA_vw2_FXN\",\"label\":\"Svenska\",\"weight\":10,\
             \"legacy_ams_taxonomy_id\":\"502\"}}],\"work_experiences\":[{{\"concept_id\":\"{}\",\"label\":\"{}\",\"weight\":10,\
             \"legacy_ams_taxonomy_id\":\"{}\"}}],\"education\":[],\"education_level\":[]}},\
             \"nice_to_have\":{{\"skills\":[],\"languages\":[],\"work_experiences\":[],\"education\":[],\"education_level\":[]}},\
             \"application_contacts\":[{{\"name\":\"{person}\",\"description\":\"Facklig företrädare\",\"email\":\"{mail}\",\
             \"telephone\":\"{phone}\",\"contact_type\":null}}],\"publication_date\":\"{published}\",\
             \"last_publication_date\":\"{last}\",\"removed\":false,\"removed_date\":null,\"source_type\":\"VIA_ANNONSERA\",\
             \"timestamp\":{timestamp}}}",
            number % 90,
            place.name,
            draw % 900,
            draw % 700,
            occupation.group,
            occupation.label,
            1000 + draw % 9000,
            published = local(facts.published),
            last = local(facts.last_published),
            timestamp = facts.timestamp,
        );
    }
}
