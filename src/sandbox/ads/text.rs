//! Swedish sentences of the kind that advertisements are made of.

use crate::sandbox::noise::mix;

const WHO: [&str; 24] = [
    "Vi",
    "Vårt team",
    "Arbetsgruppen",
    "Verksamheten",
    "Du",
    "Den vi söker",
    "Enheten",
    "Våra medarbetare",
    "Företaget",
    "Avdelningen",
    "Kommunen",
    "Den som anställs",
    "Du och dina kollegor",
    "Ledningen",
    "Förskolan",
    "Hemtjänsten",
    "Verkstaden",
    "Butiken",
    "Skolan",
    "Kundtjänsten",
    "Projektet",
    "Laget",
    "Arbetsplatsen",
    "Rollen",
];
const DOES: [&str; 32] = [
    "ansvarar för",
    "arbetar med",
    "utvecklar",
    "planerar",
    "samordnar",
    "leder",
    "följer upp",
    "dokumenterar",
    "bidrar till",
    "har erfarenhet av",
    "har god kunskap om",
    "erbjuder",
    "söker någon som kan",
    "trivs med",
    "tar hand om",
    "värnar om",
    "utbildar i",
    "hjälper kunder med",
    "ser till att det finns",
    "prioriterar",
    "har ett stort intresse för",
    "medverkar i",
    "förbereder",
    "kvalitetssäkrar",
    "ger stöd i",
    "är van vid",
    "kommer att få introduktion i",
    "deltar i arbetet med",
    "har dagliga kontakter kring",
    "svarar för",
    "driver förändringar inom",
    "effektiviserar",
];
const WHAT: [&str; 48] = [
    "omvårdnad av äldre personer med varierande behov",
    "planering av dagliga leveranser",
    "service och underhåll av maskiner",
    "undervisning i svenska som andraspråk",
    "rehabilitering i hemmet",
    "fakturering och löpande bokföring",
    "montering enligt ritning",
    "bemötande av kunder i butik och på telefon",
    "systematiskt arbetsmiljöarbete",
    "individuella genomförandeplaner",
    "svetsning i rostfritt stål",
    "drift och förvaltning av IT-system",
    "upphandling enligt gällande regelverk",
    "lokalvård i offentliga miljöer",
    "körning av tunga fordon med släp",
    "förebyggande hälsoarbete för barn och unga",
    "matlagning från grunden med råvaror i säsong",
    "handledning av elever och studerande",
    "provtagning och enklare behandlingar",
    "projektering av elanläggningar",
    "rapportering till ledningsgrupp och nämnd",
    "skötsel av grönytor och parker",
    "lagerarbete med truck",
    "redovisning av nyckeltal varje månad",
    "samverkan med vårdnadshavare, myndigheter och föreningar",
    "utredningar enligt socialtjänstlagen",
    "kvalitetskontroll i livsmedelsproduktion",
    "programmering av styrsystem",
    "boendestöd för vuxna med psykisk funktionsnedsättning",
    "försäljning mot små och medelstora företag",
    "arbete på kvällar, nätter och helger enligt schema",
    "renovering av badrum och kök",
    "utveckling av nya arbetssätt",
    "läkemedelshantering efter delegering",
    "bokning av möten och resor",
    "beredning av ärenden inför beslut",
    "kundanpassade lösningar inom transport och logistik",
    "omställning till fossilfri produktion",
    "digitala verktyg och e-tjänster",
    "hygienrutiner och basal smittskyddskunskap",
    "planerat underhåll av vatten- och avloppsnät",
    "analys av stora datamängder",
    "pedagogisk dokumentation i barngruppen",
    "ledarskap för en grupp på tolv medarbetare",
    "reception och växel",
    "reparation av person- och lastbilar",
    "gjutning och armering",
    "sortering och återvinning av avfall",
];
const WHEN: [&str; 20] = [
    "",
    "",
    "",
    "",
    " i nära samarbete med övriga yrkesgrupper",
    " med start enligt överenskommelse",
    " tillsammans med ett engagerat team",
    " och tar egna initiativ",
    " på ett strukturerat sätt",
    ", med fokus på kvalitet och service",
    " under hela året",
    " i en miljö som ständigt förändras",
    " med hjälp av moderna verktyg",
    ", vilket ställer krav på noggrannhet",
    " och har lätt för att samarbeta",
    " i både stora och små projekt",
    " efter en grundlig introduktion",
    " med goda möjligheter till utveckling",
    ", där säkerheten alltid kommer först",
    " i hela kommunen",
];
/// Swedish makes words of two: these make some thousands, so that the text packs about as well as real texts do.
const FIRST: [&str; 48] = [
    "kund",
    "vård",
    "arbets",
    "projekt",
    "drift",
    "skol",
    "trafik",
    "bygg",
    "hälso",
    "kvalitets",
    "miljö",
    "personal",
    "ekonomi",
    "lager",
    "butiks",
    "kommun",
    "energi",
    "process",
    "system",
    "data",
    "vatten",
    "skogs",
    "livsmedels",
    "fastighets",
    "verksamhets",
    "säkerhets",
    "utbildnings",
    "barn",
    "äldre",
    "region",
    "maskin",
    "el",
    "transport",
    "rese",
    "avtals",
    "inköps",
    "sälj",
    "service",
    "mät",
    "test",
    "labb",
    "forsknings",
    "kultur",
    "fritids",
    "bruks",
    "patient",
    "elev",
    "hem",
];
const SECOND: [&str; 48] = [
    "ansvar",
    "planering",
    "utveckling",
    "teknik",
    "ledning",
    "kontroll",
    "samordning",
    "underhåll",
    "rådgivning",
    "arbete",
    "uppföljning",
    "analys",
    "frågor",
    "mål",
    "rutiner",
    "dokumentation",
    "grupper",
    "plan",
    "vana",
    "kontakt",
    "besök",
    "möten",
    "stöd",
    "uppdrag",
    "miljöer",
    "behov",
    "lösningar",
    "verktyg",
    "kunskap",
    "processer",
    "register",
    "avtal",
    "lokaler",
    "inventering",
    "statistik",
    "scheman",
    "leveranser",
    "ärenden",
    "beslut",
    "insatser",
    "program",
    "nätverk",
    "modeller",
    "metoder",
    "budget",
    "prognoser",
    "intyg",
    "utrustning",
];
const HEADS: [&str; 6] =
    ["Om arbetsplatsen", "Dina arbetsuppgifter", "Din bakgrund", "Vi erbjuder", "Övrigt", "Så ansöker du"];

/// The next number of a row of them.
pub(super) fn step(state: &mut u64) -> usize {
    *state = mix(*state, &[1]);
    (*state >> 33) as usize
}

fn sentence(state: &mut u64, out: &mut String) {
    let draw = step(state);
    out.push_str(WHO[draw % WHO.len()]);
    out.push(' ');
    out.push_str(DOES[(draw >> 5) % DOES.len()]);
    out.push(' ');
    out.push_str(WHAT[(draw >> 10) % WHAT.len()]);
    if draw & 0x10000 != 0 {
        let more = step(state);
        out.push_str(" och ");
        out.push_str(WHAT[more % WHAT.len()]);
    }
    for word in [" inom ", ", ", " och "] {
        let draw = step(state);
        out.push_str(word);
        out.push_str(FIRST[draw % FIRST.len()]);
        out.push_str(SECOND[(draw >> 8) % SECOND.len()]);
    }
    out.push_str(WHEN[(draw >> 20) % WHEN.len()]);
    out.push('.');
}

/// A headed text of about `length` bytes, escaped as in JSON, with `inside` said in its midst.
pub(super) fn text(state: &mut u64, length: usize, inside: &str, out: &mut String) {
    let start = out.len();
    let mut said = false;
    for head in HEADS.iter().cycle() {
        out.push_str(head);
        out.push_str("\\n");
        for _ in 0..4 + step(state) % 4 {
            sentence(state, out);
            out.push(' ');
        }
        if !said {
            out.push_str(inside);
            said = true;
        }
        out.push_str("\\n\\n");
        if out.len() - start >= length {
            return;
        }
    }
}
