//! The section [space] of a study file.

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::document::{Document, Located, found, mismatch, number, whole};
use super::error::Mistake;
use super::known::{modules as known_modules, nearest};
use super::schema::Key;
use super::settings::{LayerChoice, ModuleSizes, SpaceSettings};
use crate::domain::{LearningRate, MOST_RATES};

/// Sizes of modules, 0 for absent. No encoder is as wide, and a list of every second width of a large one still fits.
const SIZES: Numbers = Numbers {
    what: "size",
    low: 0,
    high: 65_536,
    most: 1024,
};

/// Numbers of layers. No encoder is deeper.
const LAYERS: Numbers = Numbers {
    what: "layer",
    low: 0,
    high: 65_536,
    most: 1024,
};

/// Reads the section; none only where a mistake was noted.
pub(super) fn read(document: &mut Document<'_>) -> Option<SpaceSettings> {
    let named = document.texts("space", "modules")?;
    if named.is_empty() {
        let message = "the space is empty: `modules` names no module".to_owned();
        let help = format!("modules: {}", known_modules().join(", "));
        document.wrong("space", "modules", message, &[&help]);
    }
    let mut modules: Vec<String> = Vec::new();
    for (name, span) in named {
        let wrong = if !known_modules().contains(&name.as_str()) {
            Some(unknown_module(&name))
        } else if modules.contains(&name) {
            Some((format!("the module \"{name}\" is named twice"), Vec::new()))
        } else {
            modules.push(name);
            None
        };
        if let Some((message, help)) = wrong {
            document.mistakes.push(Mistake {
                span: Some(span),
                message,
                help,
            });
        }
    }
    let sizes = sizes(document, &modules)?;
    let layers = document.value("space", "layers", layers)?;
    let learning_rates = document.value("space", "learning_rates", learning_rates);
    Some(SpaceSettings {
        modules: modules
            .into_iter()
            .zip(sizes)
            .map(|(module, sizes)| ModuleSizes { module, sizes })
            .collect(),
        layers,
        learning_rates: learning_rates.unwrap_or_default(),
    })
}

fn unknown_module(name: &str) -> (String, Vec<String>) {
    let mut help = Vec::new();
    if let Some(near) = nearest(name, known_modules()) {
        help.push(format!("did you mean \"{near}\"?"));
    }
    help.push(format!("modules: {}", known_modules().join(", ")));
    (format!("unknown module \"{name}\""), help)
}

/// One entry per module; none stands for halving.
fn sizes(document: &mut Document<'_>, modules: &[String]) -> Option<Vec<Option<Vec<usize>>>> {
    document.value("space", "sizes", |value, key| {
        let DeValue::Table(table) = value.get_ref() else {
            let same = size_list(value, key)?;
            return Ok(vec![same; modules.len()]);
        };
        let mut sizes = vec![None; modules.len()];
        for (name, value) in table {
            let module = modules
                .iter()
                .position(|module| module == name.get_ref().as_ref());
            let Some(module) = module else {
                return Err(Mistake {
                    span: Some(name.span()),
                    message: format!(
                        "`sizes` names `{}`, which is not among the modules of this space",
                        name.get_ref()
                    ),
                    help: vec![format!("modules of this space: {}", modules.join(", "))],
                });
            };
            sizes[module] = size_list(value, key)?;
        }
        Ok(sizes)
    })
}

fn size_list(value: &Located<'_>, key: &Key) -> Result<Option<Vec<usize>>, Mistake> {
    let items = match value.get_ref() {
        DeValue::String(text) if text == "halving" => return Ok(None),
        DeValue::Array(items) => items,
        _ => return Err(mismatch(value, key)),
    };
    let sizes = distinct(value, items, &SIZES)?;
    if sizes.iter().all(|size| *size == 0) {
        return Err(Mistake {
            span: Some(value.span()),
            message: "the space is empty: `sizes` holds no size above 0".into(),
            help: vec!["a size of 0 means that the module is absent".into()],
        });
    }
    Ok(Some(sizes))
}

fn layers(value: &Located<'_>, key: &Key) -> Result<LayerChoice, Mistake> {
    match value.get_ref() {
        DeValue::String(text) if text == "search" => Ok(LayerChoice::Search),
        DeValue::String(text) if text == "all" => Ok(LayerChoice::All),
        DeValue::Array(items) if items.is_empty() => Err(Mistake {
            span: Some(value.span()),
            message: "the space is empty: `layers` names no layer".into(),
            help: vec![format!("`layers` may be {}", key.kind)],
        }),
        DeValue::Array(items) => distinct(value, items, &LAYERS).map(LayerChoice::SearchAmong),
        _ => Err(mismatch(value, key)),
    }
}

/// Two rates or more, in ascending order, none twice.
fn learning_rates(value: &Located<'_>, key: &Key) -> Result<Vec<LearningRate>, Mistake> {
    let wrong = |message: String, help: &str| Mistake {
        span: Some(value.span()),
        message,
        help: vec![help.to_owned()],
    };
    let too_many = |count: usize| {
        let message = format!("{count} learning rates are more than {MOST_RATES}");
        wrong(message, "a search of few trials tells fewer apart")
    };
    let rates = match value.get_ref() {
        DeValue::Array(items) if items.len() > MOST_RATES => return Err(too_many(items.len())),
        DeValue::Array(items) => {
            let rates: Result<Vec<LearningRate>, Mistake> = items.iter().map(rate).collect();
            let mut rates = rates?;
            rates.sort_unstable();
            rates
        }
        DeValue::Table(table) => {
            let known = |name: &str| ["min", "max"].contains(&name);
            if table.len() != 2 || !table.keys().all(|name| known(name.get_ref())) {
                return Err(mismatch(value, key));
            }
            let end = |name: &str| table.get(name).map_or(Err(mismatch(value, key)), rate);
            LearningRate::range(end("min")?, end("max")?).map_err(too_many)?
        }
        _ => return Err(mismatch(value, key)),
    };
    if let Some(pair) = rates.windows(2).find(|pair| pair[0] == pair[1]) {
        let message = format!("the learning rate {} is given twice", pair[0]);
        return Err(wrong(message, "remove one of them"));
    }
    if rates.len() < 2 {
        let help = "give a range whose `max` is above its `min`, or two rates or more; `learning_rate` in [training] \
                    fixes one";
        return Err(wrong("one learning rate is no choice".to_owned(), help));
    }
    Ok(rates)
}

fn rate(value: &Located<'_>) -> Result<LearningRate, Mistake> {
    let wrong = |message: String| Mistake {
        span: Some(value.span()),
        message,
        help: Vec::new(),
    };
    let number = number(value).ok_or_else(|| {
        let found = found(value.get_ref());
        wrong(format!("a learning rate must be a number; found {found}"))
    })?;
    LearningRate::try_from(number).map_err(|error| wrong(error.to_string()))
}

/// What a list of whole numbers may hold.
pub(super) struct Numbers {
    /// What each of them is.
    pub(super) what: &'static str,
    /// The least.
    pub(super) low: u64,
    /// The greatest.
    pub(super) high: u64,
    /// How many there may be.
    pub(super) most: usize,
}

/// Whole numbers, in ascending order, none twice.
pub(super) fn distinct(
    list: &Located<'_>,
    items: &[Located<'_>],
    numbers: &Numbers,
) -> Result<Vec<usize>, Mistake> {
    let Numbers {
        what,
        low,
        high,
        most,
    } = *numbers;
    let wrong = |place: &Located<'_>, message: String| Mistake {
        span: Some(place.span()),
        message,
        help: Vec::new(),
    };
    if items.len() > most {
        let message = format!(
            "a list of {} {what}s is too long: it may hold {most}",
            items.len()
        );
        return Err(wrong(list, message));
    }
    let mut seen = BTreeSet::new();
    for item in items {
        let number = whole(item).filter(|number| (low..=high).contains(number));
        let number = number.and_then(|number| usize::try_from(number).ok());
        let number = number.ok_or_else(|| {
            let found = found(item.get_ref());
            let message =
                format!("a {what} must be a whole number from {low} to {high}; found {found}");
            wrong(item, message)
        })?;
        if !seen.insert(number) {
            return Err(wrong(item, format!("the {what} {number} is given twice")));
        }
    }
    Ok(seen.into_iter().collect())
}
