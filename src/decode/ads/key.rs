//! Where an advertisement is counted: group, kommun, län, land and month of
//! publication in one number whose order is that of their texts, what is not
//! told first. Lands have codes of any form; they are numbered as they come.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::ad::Ad;

const SSYK: u32 = 50;
const KOMMUN: u32 = 36;
const LAN: u32 = 29;
const LAND: u32 = 12;
/// Lands there is room for; there are some two hundred.
const LANDS: usize = (1 << (LAN - LAND)) - 1;
/// Months before the first that is read.
const BEFORE: u16 = 1900 * 12 - 1;

/// In each field 0 is for what is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(u64);

impl Key {
    pub fn of(ad: &Ad<'_>, lands: &mut Lands) -> Self {
        let month = ad.month().map_or(0, |month| u64::from(month - BEFORE));
        let land = ad.land.map_or(0, |land| lands.number(land));
        Self(
            digits::<4>(ad.ssyk) << SSYK
                | digits::<4>(ad.kommun) << KOMMUN
                | digits::<2>(ad.lan) << LAN
                | u64::from(land) << LAND
                | month,
        )
    }

    pub fn ssyk(self) -> Option<String> {
        (self.field(SSYK, 14) as u16).checked_sub(1).map(|code| format!("{code:04}"))
    }

    pub fn kommun(self) -> Option<String> {
        (self.field(KOMMUN, 14) as u16).checked_sub(1).map(|code| format!("{code:04}"))
    }

    pub fn lan(self) -> Option<String> {
        (self.field(LAN, 7) as u16).checked_sub(1).map(|code| format!("{code:02}"))
    }

    /// Its number among the lands, from 1.
    pub fn land(self) -> usize {
        self.field(LAND, LAN - LAND) as usize
    }

    /// Months since year 0.
    pub fn month(self) -> Option<u16> {
        let month = self.field(0, LAND) as u16;
        (month > 0).then(|| month + BEFORE)
    }

    fn field(self, at: u32, bits: u32) -> u64 {
        self.0 >> at & ((1 << bits) - 1)
    }

    fn with_land(self, land: u32) -> Self {
        Self(self.0 - ((self.land() as u64) << LAND) + (u64::from(land) << LAND))
    }
}

/// One more than the number that so many digits are.
fn digits<const LENGTH: usize>(text: Option<&str>) -> u64 {
    let Some(text) = text.filter(|text| text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_digit())) else {
        return 0;
    };
    text.bytes().fold(0, |sum, byte| sum * 10 + u64::from(byte - b'0')) + 1
}

/// The codes of lands, in the order in which they came.
#[derive(Default)]
pub(super) struct Lands {
    texts: Vec<String>,
    numbers: HashMap<String, u32, FixedState>,
    last: u32,
}

impl Lands {
    fn number(&mut self, text: &str) -> u32 {
        // Nearly all are of one.
        if self.last > 0 && self.texts[self.last as usize - 1] == text {
            return self.last;
        }
        self.last = match self.numbers.get(text) {
            Some(number) => *number,
            // No source has so many: more are none.
            None if self.texts.len() == LANDS => return 0,
            None => {
                self.texts.push(text.to_owned());
                self.numbers.insert(text.to_owned(), self.texts.len() as u32);
                self.texts.len() as u32
            }
        };
        self.last
    }

    /// The codes in their order, and what a key becomes with its land's number among them.
    pub fn sorted(self) -> (Vec<String>, impl Fn(Key) -> Key) {
        let mut order: Vec<u32> = (0..self.texts.len() as u32).collect();
        order.sort_unstable_by_key(|place| &self.texts[*place as usize]);
        let mut ranks = vec![0; self.texts.len() + 1];
        for (rank, place) in (1..).zip(&order) {
            ranks[*place as usize + 1] = rank;
        }
        let mut texts = self.texts;
        texts.sort_unstable();
        (texts, move |key: Key| key.with_land(ranks[key.land()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_what_they_were_made_of_in_the_order_of_its_texts() {
        let mut lands = Lands::default();
        let ad = |ssyk, kommun, lan, land, published| Ad { published, ssyk, kommun, lan, land, ..Ad::default() };
        let full = ad(Some("9999"), Some("9999"), Some("99"), Some("land"), Some("2199-12"));
        let ads = [
            ad(None, None, None, None, None),
            ad(None, None, None, None, Some("1900-01-01")),
            ad(None, None, None, Some("155"), Some("2020-01-01")),
            ad(None, None, None, Some("199"), None),
            ad(None, None, Some("00"), None, None),
            ad(Some("0000"), None, None, None, None),
            ad(Some("0110"), Some("0114"), Some("01"), Some("155"), Some("2014-03-31")),
            full,
        ];
        // They come in another order.
        let keys: Vec<Key> = ads.iter().rev().map(|ad| Key::of(ad, &mut lands)).collect();
        let (texts, settled) = lands.sorted();
        let keys: Vec<Key> = keys.into_iter().rev().map(settled).collect();
        assert!(keys.is_sorted() && texts == ["155", "199", "land"]);
        for (key, ad) in keys.into_iter().zip(ads) {
            let told = [key.ssyk(), key.kommun(), key.lan(), key.land().checked_sub(1).map(|land| texts[land].clone())];
            assert_eq!(told, [ad.ssyk, ad.kommun, ad.lan, ad.land].map(|text| text.map(str::to_owned)));
            assert_eq!(key.month(), ad.month());
        }
    }

    #[test]
    fn more_lands_than_there_is_room_for_are_none() {
        let mut lands = Lands::default();
        for number in 0..LANDS + 9 {
            lands.number(&number.to_string());
        }
        assert_eq!((lands.number("0"), lands.number(&LANDS.to_string())), (1, 0));
        assert_eq!(lands.number(&(LANDS - 1).to_string()), LANDS as u32);
    }
}
