#![allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]

use super::*;
use crate::model::ops::Habits;
use crate::model::tensor::{Int, Tensor};

/// The processor's operations, one of them broken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Broken {
    Nothing,
    /// The slope is that of the approximation by tanh.
    GeluSlope,
    /// Factors of products are cut to TF32's 10 bits.
    Products,
    /// No gradient leads back through linear maps whose weights train.
    GradientsOfWeights,
    /// The library panics.
    Panic,
    /// What is given is no number.
    NaN,
}

impl Broken {
    fn whole(self) -> &'static dyn Ops {
        ops::of(&Device::flex())
    }
}

impl Ops for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn takes(&self, device: &Device, precision: Precision) -> bool {
        self.whole().takes(device, precision)
    }

    fn habits(&self, dtype: DType) -> Habits {
        self.whole().habits(dtype)
    }

    fn linear(&self, x: Tensor<3>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<3> {
        match self {
            Self::Products => {
                let cut = |values: Tensor<2>| {
                    let mut data = values.clone().into_data();
                    let shape = values.dims();
                    let numbers = data.as_mut_slice::<f32>().unwrap().to_vec();
                    let numbers = numbers
                        .into_iter()
                        .map(|x| f32::from_bits(x.to_bits() & !0x1fff));
                    crate::model::tensor::floats(
                        numbers.collect(),
                        shape,
                        &Device::flex(),
                        DType::F32,
                    )
                };
                match weight.dtype() == DType::F32 && !weight.is_tracked() {
                    true => self.whole().linear(x, cut(weight), bias),
                    false => self.whole().linear(x, weight, bias),
                }
            }
            Self::GradientsOfWeights if weight.is_tracked() => {
                let weight = weight.inner() + Tensor::zeros([1, 1], &Device::flex().autodiff());
                self.whole().linear(x, weight, bias)
            }
            _ => self.whole().linear(x, weight, bias),
        }
    }

    fn gelu(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::GeluSlope => {
                let inner = (x.clone() + x.clone().powi_scalar(3) * 0.044_715) * 0.797_884_56;
                let by_tanh = x.clone() * (inner.tanh() + 1.0) * 0.5;
                // Its value, but the other's slope.
                let value = self.whole().gelu(x.inner());
                by_tanh.clone() - by_tanh.inner() + value
            }
            Self::Panic => panic!("kernel could not be compiled"),
            Self::NaN => x * f64::NAN,
            _ => self.whole().gelu(x),
        }
    }

    fn look_up(&self, table: &Tensor<2>, rows: Tensor<1, Int>) -> Tensor<2> {
        self.whole().look_up(table, rows)
    }
}

fn subject(ops: &'static dyn Ops) -> Subject {
    Subject {
        device: Device::flex(),
        device_text: "cpu: for a test".to_owned(),
        ops,
    }
}

/// The titles of the rows that are broken.
fn broken(ops: &'static dyn Ops, scope: Scope) -> Vec<String> {
    let report = examine(&subject(ops), scope, &mut |_| ());
    report.broken().into_iter().map(Row::title).collect()
}

const F32: Scope = Scope::Precision(Precision::F32);

#[test]
fn the_processor_holds_in_every_precision() {
    let mut seen = 0;
    let subject = Subject::of(DeviceChoice::Cpu).unwrap();
    let report = examine(&subject, Scope::Everything, &mut |_| seen += 1);
    assert_eq!(report.broken(), [] as [&Row; 0], "{}", report.verdict());
    assert_eq!(seen, report.rows().len());
    let of = |part: &str| report.rows().iter().filter(|row| row.part == part).count();
    assert_eq!(of("operations, f32"), operations::COUNT);
    assert!(of("modules, f32") >= 2 * (crate::model::peft::REGISTRY.len() + 5));
    assert!(of("modules, bf16") > crate::model::peft::REGISTRY.len());
}

#[test]
fn so_do_the_librarys_own_operations() {
    assert_eq!(broken(&ops::composed::Composed, F32), [""; 0]);
    assert_eq!(broken(&Broken::Nothing, F32), [""; 0]);
}

#[test]
fn an_operation_that_is_broken_is_named() {
    let of_slope = broken(&Broken::GeluSlope, F32);
    assert!(
        of_slope.contains(&"operations, f32: GELU".to_owned()),
        "{of_slope:?}"
    );
    assert!(
        of_slope
            .iter()
            .any(|title| title.starts_with("modules, f32: BERT")),
        "gradients below it are off too: {of_slope:?}"
    );
    let of_products = broken(&Broken::Products, F32);
    assert!(
        of_products.contains(&"products of matrices: f32: error".to_owned()),
        "{of_products:?}"
    );
    let of_weights = broken(&Broken::GradientsOfWeights, F32);
    assert!(
        of_weights.contains(&"modules, f32: BERT, serial".to_owned()),
        "{of_weights:?}"
    );
    for ops in [&Broken::Panic, &Broken::NaN] {
        let found = broken(ops, F32);
        assert!(
            found.contains(&"operations, f32: GELU".to_owned()),
            "{ops:?}: {found:?}"
        );
    }
}

#[test]
fn a_report_says_what_was_seen() {
    let row = |name: &str, finding| Row {
        part: "operations, f32",
        name: name.to_owned(),
        finding,
    };
    let error = |found| Finding::Error { found, bound: 2e-5 };
    let report = Report::new(
        "wgpu:0: a card",
        vec![
            row("driver", Finding::Fact("7.1".to_owned())),
            row("LayerNorm", error(3.1e-7)),
            row("GELU", error(9.7e-4)),
            row("linear map", error(f64::NAN)),
            row("attention", Finding::Failed("no kernel".to_owned())),
            row("bf16", Finding::Skipped("not there".to_owned())),
        ],
    );
    let lines: Vec<String> = report.rows().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    operations, f32: driver                              7.1
    operations, f32: LayerNorm                             3.1e-7 of 2e-5  ok
    operations, f32: GELU                                  9.7e-4 of 2e-5  BROKEN
    operations, f32: linear map                               NaN of 2e-5  BROKEN
    operations, f32: attention                           FAILED: no kernel
    operations, f32: bf16                                left out: not there
    ");
    insta::assert_snapshot!(report.verdict(), @"3 of 4 bounds broken: operations, f32: GELU; operations, f32: linear map; operations, f32: attention");
    let json: serde_json::Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
    assert_eq!(json["device"], "wgpu:0: a card");
    assert_eq!(json["holds"], false);
    let rows = &json["rows"];
    assert_eq!(rows[1]["error"], 3.1e-7);
    assert_eq!(rows[1]["bound"], 2e-5);
    let holds: Vec<bool> = (0..6)
        .map(|i| rows[i]["holds"].as_bool().unwrap())
        .collect();
    assert_eq!(holds, [true, true, false, false, false, true]);
    assert_eq!(rows[4]["said"], "no kernel");
    let keys: Vec<&String> = rows[2].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["bound", "error", "holds", "name", "part"]);
}
