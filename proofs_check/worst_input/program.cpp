#include "proofs_check/worst_input/program.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "attention/enclosure.hpp"
#include "attention/gradient_enclosure.hpp"
#include "numeric/exact_text.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {

const char* name(ProgramKind kind) {
  switch (kind) {
    case ProgramKind::matrix:
      return "matrix";
    case ProgramKind::causal:
      return "causal";
    case ProgramKind::tensor:
      return "tensor";
    case ProgramKind::gradient:
      return "gradient";
  }
  return "";
}

ProgramKind program_kind_from_text(const std::string& text) {
  for (const ProgramKind kind :
       {ProgramKind::matrix, ProgramKind::causal, ProgramKind::tensor, ProgramKind::gradient})
    if (text == name(kind)) return kind;
  throw InputError("--kind", "matrix, causal, tensor or gradient", "'" + text + "'");
}

const char* name(EntryType type) {
  switch (type) {
    case EntryType::float64:
      return "float64";
    case EntryType::float32:
      return "float32";
    case EntryType::bfloat16:
      return "bfloat16";
  }
  return "";
}

EntryType entry_type_from_text(const std::string& text) {
  for (const EntryType type : {EntryType::float64, EntryType::float32, EntryType::bfloat16})
    if (text == name(type)) return type;
  throw InputError("--entries", "float64, float32 or bfloat16", "'" + text + "'");
}

namespace {

double in_type(double x, EntryType type) {
  if (type == EntryType::float64) return x;
  const float f = static_cast<float>(x);
  if (type == EntryType::float32) return f;
  std::uint32_t bits = std::bit_cast<std::uint32_t>(f);  // bfloat16: the upper half of a float
  bits += 0x7fff + ((bits >> 16) & 1);
  return std::bit_cast<float>(bits & 0xffff0000U);
}

}  // namespace

double rounded_entry(double x, EntryType type, double box) {
  const double r = in_type(x, type);
  if (std::abs(r) <= box) return r;
  // One step of the type towards 0: the box ends between two of its numbers.
  const double step = type == EntryType::float32 ? 0x1p-23 : 0x1p-7;
  return in_type(std::copysign(box * (1 - step), x), type);
}

const std::vector<std::string>& matrix_names(ProgramKind kind) {
  static const std::vector<std::string> matrix = {"q", "k", "v"}, tensor = {"q", "k", "k2", "v", "v2"},
                                        gradient = {"A1", "A2", "A3", "X", "Y", "E"};
  return kind == ProgramKind::tensor ? tensor : kind == ProgramKind::gradient ? gradient : matrix;
}

Matrix<Interval> exact_output(const ProgramInput& in, const Rational& widest) {
  const auto& m = in.matrices;
  const ThreadCount one{1};
  // 2^-70 of a bound on the output; where that is 0 so is the output, exactly.
  const auto width_at = [&](std::initializer_list<double> factors) {
    Rational scale = dyadic(1, -70);
    for (const double f : factors) scale *= to_rational(f);
    return widest > 0 ? std::min(scale, widest) : scale;
  };
  switch (in.kind) {
    case ProgramKind::matrix:
    case ProgramKind::causal:
      return attention_enclosure({m[0], m[1], m[2]},
                                 in.kind == ProgramKind::causal ? Mask::causal : Mask::none,
                                 width_at({max_abs(m[2])}), one);
    case ProgramKind::tensor:
      return tensor_attention_enclosure({m[0], m[1], m[2], m[3], m[4]}, Mask::none,
                                        width_at({max_abs(m[3]), max_abs(m[4])}), one);
    case ProgramKind::gradient:
      break;
  }
  const MatrixLossInput loss{m[0], m[1], m[2], m[3], m[4], m[5]};
  const Rational h = to_rational(max_abs(m[2])) * to_rational(max_abs(m[4])),
                 c = h + to_rational(max_abs(m[5]));
  Rational width = dyadic(1, -70) * to_rational(max_abs(m[0])) * to_rational(max_abs(m[1])) * h * c;
  if (widest > 0) width = std::min(width, widest);
  return gradient_enclosure(loss, width > 0 ? width : dyadic(1, -1100), one);
}

nlohmann::ordered_json input_json(const ProgramInput& input) {
  nlohmann::ordered_json j;
  for (std::size_t a = 0; a < input.matrices.size(); ++a) {
    const Matrix<double>& m = input.matrices[a];
    nlohmann::ordered_json& rows = j[matrix_names(input.kind)[a]] = json_matrix(m);
    for (Eigen::Index i = 0; i < m.rows(); ++i)  // the sign of a zero is part of the input
      for (Eigen::Index l = 0; l < m.cols(); ++l)
        if (m(i, l) == 0 && std::signbit(m(i, l)))
          rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(l)] = "-0x0p+0";
  }
  return j;
}

ProgramInput input_from_json(const nlohmann::ordered_json& json, ProgramKind kind, const std::string& place) {
  ProgramInput input{kind, {}};
  try {
    for (const std::string& name : matrix_names(kind)) {
      const auto& rows = json.at(name);
      Matrix<double> m(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(rows.at(0).size()));
      for (Eigen::Index i = 0; i < m.rows(); ++i)
        for (Eigen::Index j = 0; j < m.cols(); ++j) {
          const std::string text = rows.at(static_cast<std::size_t>(i)).at(static_cast<std::size_t>(j));
          m(i, j) = nearest(rational_from_text(text, place));
          if (text.front() == '-' && m(i, j) == 0) m(i, j) = -0.0;
        }
      input.matrices.push_back(std::move(m));
    }
  } catch (const nlohmann::json::exception& error) {
    throw InputError(place, "matrices of hexadecimal floats", error.what());
  }
  return input;
}

}  // namespace attnbounds
