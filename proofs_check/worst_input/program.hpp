// Any attention program, as the worst-input search sees it: matrices in, a matrix out, perhaps with a
// guarantee of its own. The exact reference encloses what should have come out.
//   matrix    q k v                (n x d each)      Att(Q, K, V)
//   causal    the same, row i sees the keys j <= i
//   tensor    q k k2 v v2          (n x d each)      tensor attention
//   gradient  A1 A2 A3 X Y E       (n x d; X, Y d x d)   dL/dX of the matrix loss
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "numeric/matrix.hpp"
#include "numeric/proved.hpp"

namespace attnbounds {

enum class ProgramKind { matrix, causal, tensor, gradient };
const char* name(ProgramKind kind);
/// Errors: InputError.
ProgramKind program_kind_from_text(const std::string& text);
/// Names of the matrices, in the order of ProgramInput.
const std::vector<std::string>& matrix_names(ProgramKind kind);

struct ProgramInput {
  ProgramKind kind = ProgramKind::matrix;
  std::vector<Matrix<double>> matrices;
};

/// What a program says of its own output: max|output - exact| <= bound, in all and by its parts.
struct Guarantee {
  double bound = 0;
  std::optional<double> approximation, rounding;
};
/// The failure that is a finding: NaN or an infinity where a number should be.
inline const char* const kNotFinite = "output not finite";
struct ProgramAnswer {
  Matrix<double> output;
  std::optional<Guarantee> guarantee;
  std::string failure;  // why there is no output
};

/// What the entries of inputs are rounded to, so that a program in that type loses nothing on the way in.
enum class EntryType { float64, float32, bfloat16 };
const char* name(EntryType type);
/// Errors: InputError.
EntryType entry_type_from_text(const std::string& text);
/// To nearest, ties to even; never across `box` in size.
double rounded_entry(double x, EntryType type, double box);

enum class Concurrency { one_at_a_time, any_thread };
struct Program {
  std::string name;
  Concurrency concurrency = Concurrency::one_at_a_time;
  EntryType entries = EntryType::float64;  // the widest that it takes
  std::function<ProgramAnswer(const ProgramInput&)> run;
};

/// Encloses the exact output, far narrower than the last place of a double of the output's scale, and no
/// wider than `widest` where that is above 0.
Matrix<Interval> exact_output(const ProgramInput& input, const Rational& widest = 0);

/// The input by name, entries as hexadecimal floats.
nlohmann::ordered_json input_json(const ProgramInput& input);
/// Errors: InputError, with `place`.
ProgramInput input_from_json(const nlohmann::ordered_json& json, ProgramKind kind, const std::string& place);

}  // namespace attnbounds
