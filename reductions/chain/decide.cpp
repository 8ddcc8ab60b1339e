#include "reductions/chain/decide.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kernels/guaranteed_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "polynomial/least_degree.hpp"
#include "reductions/attention/decision.hpp"
#include "reductions/attention/threshold.hpp"
#include "reductions/gradient/decision.hpp"
#include "reductions/orthogonal_vectors/orthogonality.hpp"
#include "reductions/orthogonal_vectors/split_and_list.hpp"
#include "reductions/receipt/receipt.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// instance.json with errors that name the field.
class Instance {
 public:
  explicit Instance(const fs::path& folder) : folder_(folder) {
    const fs::path path = folder / "instance.json";
    try {
      json_ = Json::parse(read_file(path));
    } catch (const Json::exception& error) {
      throw InputError(path.string(), "a JSON object", error.what());
    }
  }
  std::string text(const std::string& pointer) const {
    const Json& value = at(pointer);
    if (!value.is_string()) throw fail(pointer, "text");
    return value.get<std::string>();
  }
  Rational number(const std::string& pointer) const {
    const Json& value = at(pointer);
    if (!value.is_number()) throw fail(pointer, "a number");
    return to_rational(value.get<double>());
  }
  bool has(const std::string& pointer) const {
    const auto p = Json::json_pointer(pointer);
    return json_.contains(p) && !json_.at(p).is_null();
  }
  ThresholdParameters threshold() const {
    try {
      const Json& t = at("/threshold");
      ThresholdParameters p;
      p.rows = t.at("rows").get<std::vector<long>>();
      p.arity = static_cast<long>(p.rows.size());
      p.dimension = t.at("dimension");
      p.bias_columns = t.at("bias_columns");
      p.promise = {t.at("sign") == 1 ? ScoreSign::positive : ScoreSign::negative, t.at("yes_score"),
                   t.at("no_score")};
      p.entry = nearest(rational_from_text(t.at("entry").get<std::string>(), "entry"));
      p.bias = nearest(rational_from_text(t.at("bias").get<std::string>(), "bias"));
      if (p.arity < 2 || p.arity > 3 || p.columns() < 1) throw fail("/threshold", "2 or 3 families");
      return p;
    } catch (const Json::exception&) {
      throw fail("/threshold", "rows, dimension, sign, yes_score, no_score, bias_columns, entry, bias");
    }
  }
  Matrix<double> matrix(const std::string& name) const { return read_npy(file("/matrices/" + name)); }
  std::vector<std::string> names(const std::string& pointer) const {
    const Json& value = at(pointer);
    std::vector<std::string> result;
    if (!value.is_array() || value.empty()) throw fail(pointer, "a list of names");
    for (const Json& name : value) {
      if (!name.is_string() || name.get<std::string>().find('/') != std::string::npos)
        throw fail(pointer, "names of this folder");
      result.push_back(name.get<std::string>());
    }
    return result;
  }
  fs::path file(const std::string& pointer) const {
    const std::string name = text(pointer);
    if (name.empty() || name.find('/') != std::string::npos)
      throw fail(pointer, "the name of a file of the folder");
    return folder_ / name;
  }
  InputError fail(const std::string& pointer, const std::string& expected) const {
    return {(folder_ / "instance.json").string() + " " + pointer, expected, "something else"};
  }

 private:
  const Json& at(const std::string& pointer) const {
    if (!has(pointer)) throw InputError((folder_ / "instance.json").string(), "a field " + pointer, "none");
    return json_.at(Json::json_pointer(pointer));
  }
  fs::path folder_;
  Json json_;
};

/// The promise, re-derived from the doubles of the matrices; otherwise the field gap.
Interval promised_gap(const Instance& instance) {
  if (!instance.has("/threshold") || instance.text("/kind").ends_with("-gradient"))
    return enclose(instance.number("/gap"));
  const ThresholdParameters p = instance.threshold();
  const ThresholdGuarantee g = guarantee(p);
  return g.yes_output - g.no_output;
}

struct Source {
  std::optional<Formula> formula;
  std::optional<VectorFamilies> vectors;
};

Source source_of(const Instance& instance) {
  Source source;
  if (instance.has("/files/formula")) source.formula = read_dimacs(instance.file("/files/formula"));
  if (instance.has("/files/vectors")) {
    const fs::path path = instance.file("/files/vectors");
    source.vectors = vectors_from_text(read_file(path), path.string());
  }
  return source;
}

/// The first orthogonal tuple whose first vector is `row`.
std::optional<Tuple> orthogonal_to_row(const VectorFamilies& vectors, long row, ThreadCount threads) {
  VectorFamilies one_row = vectors;
  BitMatrix first(1, vectors.dimension());
  for (long c = 0; c < vectors.dimension(); ++c)
    if (vectors.families[0].at(row, c)) first.set(0, c);
  one_row.families[0] = first;
  std::optional<Tuple> tuple = find_orthogonal(one_row, threads);
  if (tuple) tuple->front() = row;
  return tuple;
}

/// Without vectors: the tuple of genuine rows with the largest score of row i.
Tuple largest_score(const Matrix<double>& q, long row, const std::vector<Matrix<double>>& keys) {
  Tuple best;
  double largest = -HUGE_VAL;
  const Eigen::Index m2 = keys.size() == 2 ? keys[1].rows() - 1 : 1;
  for (Eigen::Index j = 0; j + 1 < keys[0].rows(); ++j)
    for (Eigen::Index k = 0; k < m2; ++k) {
      double s = 0;
      for (Eigen::Index l = 0; l < q.cols(); ++l)
        s += q(row, l) * keys[0](j, l) * (keys.size() == 2 ? keys[1](k, l) : 1.0);
      if (s > largest) {
        largest = s;
        best = keys.size() == 2 ? Tuple{row, j, k} : Tuple{row, j};
      }
    }
  return best;
}

void add_witness(Answer& answer, const Source& source, long row, const Matrix<double>& q,
                 const std::vector<Matrix<double>>& keys, ThreadCount threads) {
  if (!source.vectors) {
    answer.tuple = largest_score(q, row, keys);
    return;
  }
  const std::optional<Tuple> tuple = row < source.vectors->families[0].rows
                                         ? orthogonal_to_row(*source.vectors, row, threads)
                                         : std::nullopt;
  if (!tuple || inner_product(*source.vectors, *tuple) != 0)
    throw ContradictedPromise("output " + std::to_string(row) +
                              " says yes, but no vectors are orthogonal to that row's");
  answer.tuple = *tuple;
  if (!source.formula) return;
  const Assignment assignment = assignment_of(*tuple, *source.formula);
  if (!satisfies(assignment, *source.formula))
    throw ContradictedPromise("the assignment of the orthogonal vectors does not satisfy the formula");
  answer.literals = literals_of(assignment);
}

/// Outputs of the polynomial method, as ranges of its guaranteed bound.
template <class Input>
std::vector<OutputRange> polynomial_ranges(const Input& input, const Rational& epsilon, ThreadCount threads,
                                           double& bound) {
  AttentionRequest request;
  request.epsilon = epsilon;
  request.method = MethodChoice::polynomial;
  request.threads = threads;
  const AttentionResult result = [&] {
    try {
      return guaranteed_attention(input, request);
    } catch (const BudgetMissed& error) {  // no answer, and nothing refuted
      throw Undecided(std::string(error.what()) +
                      ", and epsilon = " + decimal_down(lower(enclose(epsilon)), 3) + " is needed");
    }
  }();
  bound = result.bound.value();
  std::vector<OutputRange> ranges;
  for (Eigen::Index i = 0; i < result.output.rows(); ++i)
    ranges.push_back({std::nextafter(result.output(i, 0) - bound, -HUGE_VAL),
                      std::nextafter(result.output(i, 0) + bound, HUGE_VAL)});
  return ranges;
}

Answer decide_attention(const Instance& instance, const Source& source, DecisionMethod method,
                        ThreadCount threads) {
  const Rational decision = rational_from_text(instance.text("/decision"), "decision");
  const bool tensor = instance.text("/kind") == "tensor";
  const Rational epsilon = instance.number("/epsilon");
  if (epsilon <= 0)
    throw Undecided(
        "the instance's epsilon is 0: at its kappa the exact outputs do not tell a yes from a no");
  Answer answer;
  answer.from = "attention";
  answer.queries = 1;
  answer.gap = promised_gap(instance);
  const Matrix<double> q = instance.matrix("q");
  std::vector<Matrix<double>> keys = {instance.matrix("k")};
  const Matrix<double> v = instance.matrix("v");
  SidedOutputs outputs;
  const auto sides = [&](const auto& input) {
    input.validate();
    if (method == DecisionMethod::exact) return sides_of(input, decision, threads);
    return sides_of(polynomial_ranges(input, epsilon, threads, answer.error_bound), decision);
  };
  if (tensor) {
    keys.push_back(instance.matrix("k2"));
    outputs = sides(TensorAttentionInput{q, keys[0], keys[1], v, instance.matrix("v2")});
  } else {
    outputs = sides(AttentionInput{q, keys[0], v});
  }
  answer.raised = outputs.raised;
  answer.nearest = outputs.nearest;
  for (const OutputRange& r : outputs.ranges)
    answer.error_bound = std::max(answer.error_bound, (r.upper - r.lower) / 2);
  const auto above = std::find(outputs.sides.begin(), outputs.sides.end(), Side::above);
  answer.satisfiable = above != outputs.sides.end();
  if (answer.satisfiable) add_witness(answer, source, above - outputs.sides.begin(), q, keys, threads);
  return answer;
}

Answer decide_gradient(const Instance& instance, const Source& source, ThreadCount threads) {
  const Rational decision = rational_from_text(instance.text("/decision"), "decision");
  const bool tensor = instance.text("/kind") == "tensor-gradient";
  GradientInstance in{instance.matrix("A1"), {instance.matrix("A2")}, {}};
  if (tensor) {
    in.keys.push_back(instance.matrix("A3"));
    in.values = {instance.matrix("A4"), instance.matrix("A5")};
  } else {
    in.values = {instance.matrix("A3")};
  }
  const std::vector<std::string> mixing =
      tensor ? std::vector<std::string>{"Y1", "Y2"} : std::vector<std::string>{"Y"};
  for (const std::string& name : mixing)
    if (instance.matrix(name) != Matrix<double>::Identity(1, 1))
      throw InputError("instance", name + " = I", "another matrix");
  if (instance.matrix("E") != Matrix<double>::Zero(in.a1.rows(), 1))
    throw InputError("instance", "E = 0", "another matrix");
  const GradientDecision d = total_square_from_gradients(in, 0, threads);
  Answer answer;
  answer.from = "gradient";
  answer.queries = d.queries;
  answer.gap = promised_gap(instance);
  const Rational low = to_rational(lower(d.at_one)), high = to_rational(upper(d.at_one));
  answer.error_bound = round_up(Rational((high - low) / 2));
  if (low <= decision && decision <= high)
    throw Undecided("|Att|^2 from gradients is in [" + decimal_down(lower(d.at_one), 6) + ", " +
                    decimal_up(upper(d.at_one), 6) + "], on both sides of " + exact_text(decision));
  answer.satisfiable = low > decision;
  answer.nearest = round_down(answer.satisfiable ? Rational(low - decision) : Rational(decision - high));
  if (!answer.satisfiable) return answer;
  if (!source.vectors) throw InputError("instance", "a file of vectors to find the witness in", "none");
  // |Att|^2 names no row: the witness is searched for in the vectors, and checked.
  const std::optional<Tuple> tuple = find_orthogonal(*source.vectors, threads);
  if (!tuple) throw ContradictedPromise("the gradients say yes, but no vectors are orthogonal");
  add_witness(answer, source, tuple->front(), in.a1, in.keys, threads);
  return answer;
}

/// The disjunction of the leaves: yes as soon as one says yes.
Answer decide_disjunction(const Instance& instance, const fs::path& folder, DecisionMethod method,
                          ThreadCount threads) {
  const Formula formula = read_dimacs(instance.file("/files/formula"));
  Answer all;
  all.nearest = HUGE_VAL;
  for (const std::string& leaf : instance.names("/leaves")) {
    if (read_file(folder / (leaf + ".cnf")) != read_file(folder / leaf / "formula.cnf"))
      throw InputError((folder / leaf / "formula.cnf").string(), "the formula of " + leaf + ".cnf",
                       "another");
    Answer one = decide(folder / leaf, method, threads);
    if (all.queries == 0 || lower(one.gap) < lower(all.gap)) all.gap = one.gap;
    all.from = one.from;
    all.queries += one.queries;
    all.raised += one.raised;
    all.nearest = std::min(all.nearest, one.nearest);
    all.error_bound = std::max(all.error_bound, one.error_bound);
    if (!one.satisfiable) continue;
    Assignment assignment;
    for (const int literal : one.literals) assignment.push_back(literal > 0);
    if (!satisfies(assignment, formula))
      throw ContradictedPromise("the assignment of " + leaf + " does not satisfy the formula");
    all.satisfiable = true;
    all.literals = std::move(one.literals);
    all.tuple = std::move(one.tuple);
    break;
  }
  return all;
}

}  // namespace

Answer decide(const fs::path& folder, DecisionMethod method, ThreadCount threads) {
  const Instance instance(folder);
  if (instance.has("/receipts")) check_receipts(folder);
  const WorkingPrecision precision(Bits{128});
  const std::string kind = instance.text("/kind");
  if (kind == "disjunction") return decide_disjunction(instance, folder, method, threads);
  const Source source = source_of(instance);
  if (kind == "matrix" || kind == "tensor") return decide_attention(instance, source, method, threads);
  if (kind == "matrix-gradient" || kind == "tensor-gradient") {
    if (method != DecisionMethod::exact)
      throw InputError("--method", "exact for a gradient instance", "polynomial");
    return decide_gradient(instance, source, threads);
  }
  throw InputError((folder / "instance.json").string() + " /kind",
                   "matrix, tensor, matrix-gradient, tensor-gradient or disjunction", "'" + kind + "'");
}

}  // namespace attnbounds
