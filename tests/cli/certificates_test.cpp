// Certificates of every kind, as the program writes them, and what attnbounds-check says of them: all are
// verified; a full quick run is re-proved; of 3,000 random alterations of these certificates, every claim's
// among them (a field changed, removed, repeated, added, or exchanged with another), whatever is still
// accepted must be explained: another witness of the same statement, a weaker statement, another true
// statement that the producer's own intervals confirm.
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include "catch.hpp"
#include "cli/instance_oracle.hpp"
#include "cli/program.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/random.hpp"
#include "phase/certificate.hpp"
#include "polynomial/certificate.hpp"
#include "proofs_check/certificate/certificate.hpp"
#include "proofs_check/certificate/kernel_output.hpp"
#include "proofs_check/certificate/run_certificates.hpp"
#include "proofs_check/run.hpp"
#include "reductions/chain/reduce.hpp"
#include "sweep/theory.hpp"

namespace attnbounds {
namespace {

Rational number(const Json& text) { return rational_from_text(text.get<std::string>(), "number"); }

Matrix<double> matrix(const Json& rows) {
  Matrix<double> m(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(rows.at(0).size()));
  for (Eigen::Index i = 0; i < m.rows(); ++i)
    for (Eigen::Index j = 0; j < m.cols(); ++j) m(i, j) = nearest(number(rows[i][j]));
  return m;
}

// ---- Valid certificates of all kinds.

struct Valid {
  std::string name;
  fs::path folder;
  Json json;
};

std::vector<Layer<double>> small_network(Stream& random) {
  std::vector<Layer<double>> layers(2);
  for (Layer<double>& layer : layers)
    layer.heads.push_back({random.uniform_matrix(2, 2, 0.5), random.uniform_matrix(2, 2, 0.5), {}});
  layers[1].mask = Mask::causal;
  return layers;
}

std::vector<Valid> valid_certificates(const fs::path& folder) {
  std::vector<Valid> all;
  const auto keep = [&](const std::string& name, const Json& json) {
    const fs::path place = folder / name;
    fs::create_directories(place);
    write_file_atomically(place / "certificate.json", json.dump(1) + "\n");
    all.push_back({name, place, json});
  };
  const auto kept = [&](const std::string& name, const fs::path& path) {
    all.push_back({name, path.parent_path(), Json::parse(read_file(path))});
  };
  const Rational X(3), epsilon(1, 100);
  const LeastDegree least = least_degree(X, epsilon, ErrorKind::relative);
  keep("least-degree", least_degree_certificate(least, X, epsilon, ErrorKind::relative));
  keep("least-degree-absolute",
       least_degree_certificate(least_degree(Rational(2), epsilon, ErrorKind::absolute), Rational(2), epsilon,
                                ErrorKind::absolute));
  keep("polynomial-error", polynomial_error_certificate(*least.at));
  keep("best-error", best_error_certificate(*least.below));

  const auto point = [&](const char* name, const PhasePoint& p) {
    const PhaseValue value = phase_value(p);
    keep(name, *threshold_certificate(p, value, rounded_enclosure(value.exponent)));
  };
  point("threshold-by-exchange",
        {AttentionKind::matrix, Problem::forward, {"2^20"}, Rational(1, 4), 1, Rational(1, 2)});
  keep("threshold-limit",
       limit_certificate({AttentionKind::matrix, Problem::forward, {}, Rational(1, 4), 1, 1},
                         {{"lower", "1.9"}, {"upper", "2"}}));
  point("threshold-by-bessel", {AttentionKind::tensor, Problem::gradient, {"e^100"}, Rational(3, 2), 1, 1});
  point("threshold-of-a-constant",
        {AttentionKind::matrix, Problem::forward, {"4"}, Rational(1, 2), 1, Rational(1, 2)});

  Stream random(7, "certificates of all kinds");
  const auto draw = [&](long rows, long columns, double bound) {
    return random.uniform_matrix(rows, columns, bound);
  };
  const AttentionInput in{draw(6, 2, 1), draw(6, 2, 1), draw(6, 2, 2)};
  const AttentionRequest by_polynomial{
      Rational(1, 1000), MethodChoice::polynomial, Mask::none, {}, ThreadCount{1}},
      exactly{Rational(1, 1000), MethodChoice::exact, Mask::none, {}, ThreadCount{1}};
  kept("attention-polynomial",
       write_attention_certificate(folder / "attention-polynomial", in,
                                   guaranteed_attention(in, by_polynomial), Mask::none, 5, 4));
  AttentionRequest causal = exactly;
  causal.mask = Mask::causal;
  kept("attention-causal", write_attention_certificate(folder / "attention-causal", in,
                                                       guaranteed_attention(in, causal), Mask::causal, 5, 6));
  const TensorAttentionInput tensor{in.q, in.k, draw(3, 2, 1), in.v, draw(3, 2, 2)};
  TensorAttentionInput positive = tensor;  // the polynomial method shifts the scores of pairs
  positive.k1 = tensor.k1.cwiseAbs();
  positive.k2 = tensor.k2.cwiseAbs();
  const AttentionResult shifted = guaranteed_attention(positive, by_polynomial);
  kept("attention-pairs", write_attention_certificate(folder / "attention-pairs", positive, shifted,
                                                      Mask::none, 5, positive.q.rows()));
  kept("attention-exceeds",
       write_kernel_certificate(folder / "attention-exceeds", {positive, shifted}, Rational(1, 1L << 60)));
  kept("attention-tensor",
       write_attention_certificate(folder / "attention-tensor", tensor, guaranteed_attention(tensor, exactly),
                                   Mask::none, 5, 3));
  TensorAttentionInput square = tensor;
  for (Matrix<double>* m : {&square.q, &square.k1, &square.v1}) *m = m->topRows(3).eval();
  AttentionRequest causal_polynomial = by_polynomial;
  causal_polynomial.mask = Mask::causal;
  kept("attention-tensor-causal",
       write_attention_certificate(folder / "attention-tensor-causal", square,
                                   guaranteed_attention(square, causal_polynomial), Mask::causal, 5, 3));

  const MatrixLossInput loss{draw(4, 2, 1), draw(5, 2, 1), draw(5, 2, 1),
                             draw(2, 2, 1), draw(2, 2, 1), draw(4, 2, 1)};
  for (const auto method : {MethodChoice::polynomial, MethodChoice::exact}) {
    const std::string name = method == MethodChoice::exact ? "gradient-exact" : "gradient-polynomial";
    kept(name,
         write_gradient_certificate(folder / name, loss,
                                    guaranteed_gradient(loss, {Rational(1, 100), method, ThreadCount{1}})));
  }
  const TensorLossInput tensor_loss{draw(3, 2, 1), draw(3, 2, 1), draw(2, 2, 1), draw(3, 2, 1), draw(2, 2, 1),
                                    draw(2, 4, 1), draw(2, 2, 1), draw(2, 2, 1), draw(3, 2, 1)};
  kept("gradient-tensor",
       write_gradient_certificate(
           folder / "gradient-tensor", tensor_loss,
           guaranteed_gradient(tensor_loss, {Rational(1, 100), MethodChoice::polynomial, ThreadCount{1}})));

  const AttentionGradientResult by_all = guaranteed_attention_gradient(
      in, tensor.q, {Rational(1, 100), MethodChoice::polynomial, Mask::causal, ThreadCount{1}});
  kept("gradient-attention",
       write_gradient_certificate(folder / "gradient-attention", in, tensor.q, Mask::causal, by_all));
  kept("gradient-attention-exceeds",
       write_kernel_certificate(folder / "gradient-attention-exceeds",
                                output_by({in, tensor.q, "v"}, Mask::causal, by_all.v),
                                Rational(1, 1L << 60)));

  keep("layers", layers_certificate(small_network(random), draw(3, 2, 1), draw(3, 2, 1), Rational(1, 1024)));
  keep("layers-norms", layers_certificate(small_network(random), draw(3, 2, 1), draw(3, 2, 1),
                                          Rational(1, 1024), ConstantsFrom::norms));
  write_file_atomically(folder / "sat.cnf", "p cnf 4 4\n1 -2 0\n2 3 0\n-1 4 0\n-3 -4 0\n");
  write_file_atomically(folder / "unsat.cnf", "p cnf 2 4\n1 2 0\n-1 2 0\n1 -2 0\n-1 -2 0\n");
  const auto reduced = [&](const std::string& name, const char* formula, Route route, long arity,
                           Target target = Target::attention) {
    ReduceRequest request;
    request.target = target;
    request.route = route;
    request.arity = arity;
    reduce(folder / formula, request, folder / name);
    const Json certificate = reduction_certificate(folder / name);
    keep(name, certificate);
  };
  reduced("reduction-direct", "sat.cnf", Route::direct, 2);
  reduced("reduction-unsatisfiable", "unsat.cnf", Route::direct, 3);
  reduced("reduction-gap", "unsat.cnf", Route::gap, 2);
  reduced("reduction-gradient", "sat.cnf", Route::direct, 2, Target::gradient);
  reduced("reduction-tensor-gradient", "unsat.cnf", Route::direct, 3, Target::gradient);

  Matrix<double> nearly_two = draw(5, 2, 1) * draw(2, 5, 1) + draw(5, 5, 0x1p-20);
  keep("epsilon-rank", certified_rank(nearly_two, Rational(1, 1 << 12)).certificate);

  for (const char* id : {"alman-song-2023/softmax-perturbation", "aggarwal-alman-2022/alternation",
                         "aggarwal-alman-2022/even-taylor-sections-are-positive",
                         "alman-song-2023/forward-error", "alman-song-2024-gradient/norm-along-scale",
                         "alman-song-2024-gradient/covariance-perturbation", "alman-song-2023/feature-map"}) {
    const Claim& claim = claim_by_id(id);
    const Json line = log_line(claim, run_claim(claim, {0, Level::quick, ThreadCount{2}}));
    std::string name = id;
    std::replace(name.begin(), name.end(), '/', '.');
    const auto keep_instance = [&](const std::string& file, const Json& witness, const char* relation) {
      const auto c = claim_instance_certificate(id, witness, relation, line.at("constants"));
      if (c) keep(file, *c);
    };
    keep_instance(name, line.at("worst_instance"), "at most");
    keep_instance(name + ".twin", line.at("twin").at("witness"), "greater");
  }
  return all;
}

std::vector<Json> checked(const std::vector<fs::path>& files) {
  std::vector<Json> verdicts;
  for (std::size_t begin = 0; begin < files.size(); begin += 200) {
    std::string arguments = "--json";
    for (std::size_t i = begin; i < std::min(files.size(), begin + 200); ++i)
      arguments += " '" + files[i].string() + "'";
    const Answer answer = run_program("attnbounds-check", arguments);
    const Json said = Json::parse(answer.output);
    for (const Json& c : said.at("certificates")) verdicts.push_back(c);
  }
  return verdicts;
}

/// A quick run with certificates, made once.
struct FullRun {
  TemporaryFolder folder;
  fs::path out = folder.path / "run", certificates = folder.path / "certificates";
  Answer answer = run_program("attnbounds", "verify --quiet --json --out " + out.string() +
                                                " --certificates " + certificates.string());
};
const FullRun& full_run() {
  static const FullRun run;
  return run;
}

/// Of every comparison of a claim on its worst instance, where it holds as well as the worst does.
std::vector<Valid> every_comparison(const fs::path& folder) {
  std::vector<Valid> all;
  std::ifstream log(full_run().out / "claims.jsonl");
  for (std::string text; std::getline(log, text);) {
    const Json line = Json::parse(text);
    const std::string id = line.at("id");
    for (const Comparison& comparison : claim_by_id(id).comparisons) {
      Json witness = line.at("worst_instance");
      if (!witness.is_object() || witness.at("comparison") == comparison.name) continue;
      witness["comparison"] = comparison.name;
      if (const auto c = claim_instance_certificate(id, witness, "at most", line.at("constants")))
        all.push_back({id + ": " + comparison.name, folder, *c});
    }
  }
  return all;
}

// ---- Alterations.

using Pointer = Json::json_pointer;

void leaves(const Json& value, const Pointer& at, std::vector<Pointer>& found) {
  if (value.is_structured() && !value.empty()) {
    for (const auto& [key, inner] : value.items())
      leaves(inner, value.is_array() ? at / static_cast<std::size_t>(std::stoul(key)) : at / key, found);
  } else {
    found.push_back(at);
  }
}

bool is_number(const Json& value) {
  static const std::regex form("-?(0x[0-9a-f.]+(p[+-]?[0-9]+)?|[0-9]+(/[0-9]+)?)");
  return value.is_string() && value.get<std::string>().size() < 64 &&
         std::regex_match(value.get<std::string>(), form);
}

/// Never the value it was.
Json altered_value(const Json& old, Stream& random) {
  if (old.is_null()) return random.below(2) == 0 ? Json(1) : Json::object();
  if (old.is_number_integer()) {
    const long x = old.get<long>();
    const long choices[] = {x + 1, x - 1, -x - 1, x + 1000000000};
    return choices[random.below(4)];
  }
  if (is_number(old)) {
    const Rational x = number(old), step = Rational(1, 1L << random.below(8)) / 2;
    switch (random.below(6)) {
      case 0:
        return x == 0 ? "1" : "0";
      case 1:
        return x == 0 ? "-1" : exact_text(Rational(-x));
      case 2:
        return old.get<std::string>() + "z";
      default:
        return exact_text(Rational(x == 0 ? random.sign() * step : x * (1 + random.sign() * step)));
    }
  }
  if (old.is_string()) {
    std::string text = old;
    if (text.empty()) return "x";
    char& c = text[random.below(text.size())];
    if (static_cast<unsigned char>(c) >= 0x80) return text + "a";  // else no UTF-8 any more
    c = c == 'a' ? 'b' : 'a';
    return text;
  }
  return "nan";
}

struct Altered {
  Json json;
  std::vector<Pointer> at;  // what differs
  enum class How { value, removed, repeated, added, exchanged } how = How::value;
};
/// A random leaf: first a random top-level field, so that long arrays do not take it all.
Pointer random_leaf(const Json& certificate, Stream& random) {
  std::vector<std::string> keys;
  for (const auto& [key, inner] : certificate.items()) keys.push_back(key);
  const std::string& key = keys[random.below(keys.size())];
  std::vector<Pointer> found;
  leaves(certificate.at(key), Pointer() / key, found);
  return found[random.below(found.size())];
}
Altered alter(const Json& original, Stream& random) {
  const Pointer at = random_leaf(original, random), parent = at.parent_pointer();
  Altered a{original, {at}};
  switch (random.below(10)) {
    case 0:
      a.how = Altered::How::removed;
      if (a.json[parent].is_array()) a.json[parent].erase(std::stoul(at.back()));
      else a.json[parent].erase(at.back());
      return a;
    case 1:
      if (a.json[parent].is_array()) {
        a.how = Altered::How::repeated;
        a.json[parent].push_back(a.json[at]);
      } else {
        a.how = Altered::How::added;
        a.json[parent]["remark"] = a.json[at];
      }
      return a;
    case 2:
    case 3:
      for (int attempt = 0; attempt < 20; ++attempt) {  // with a leaf of the same type that differs
        const Pointer other = random_leaf(original, random);
        if (original[other].type() != original[at].type() || original[other] == original[at]) continue;
        a.how = Altered::How::exchanged;
        std::swap(a.json[at], a.json[other]);
        a.at.push_back(other);
        return a;
      }
      [[fallthrough]];
    default:
      a.json[at] = altered_value(original[at], random);
      return a;
  }
}

// ---- Why an alteration may be accepted.

std::vector<Layer<double>> network_of(const Json& layers) {
  std::vector<Layer<double>> result;
  for (const Json& l : layers) {
    Layer<double> layer;
    layer.mask = l.at("mask") == "causal" ? Mask::causal : Mask::none;
    layer.residual = l.at("residual") == "added" ? Residual::added : Residual::none;
    for (const Json& h : l.at("heads")) layer.heads.push_back({matrix(h.at("W")), matrix(h.at("W_V")), {}});
    result.push_back(layer);
  }
  return result;
}

/// The statement that the altered certificate makes, judged by the producer's own intervals.
bool confirmed_by_producer(const Json& c) {
  const WorkingPrecision precision(Bits{128});
  const std::string kind = c.at("kind");
  if (kind == "least-degree") {
    const ErrorKind error_kind = c.at("error_kind") == "relative" ? ErrorKind::relative : ErrorKind::absolute;
    return least_degree(number(c.at("half_width")), number(c.at("epsilon")), error_kind).degree.value ==
           c.at("degree").get<long>();
  }
  if (kind == "best-error") {
    const ErrorKind error_kind = c.at("error_kind") == "relative" ? ErrorKind::relative : ErrorKind::absolute;
    return upper(best_error({c.at("lower").at("degree").get<long>()}, number(c.at("half_width")), error_kind)
                     .error) >= lower(enclose(number(c.at("bound"))));
  }
  if (kind == "threshold-point") {
    const Json& in = c.at("point");
    const PhaseValue value = phase_value(oracle::point_of(in, number(in.at("kappa"))));
    return oracle::degrees_hold(value, in) &&
           number(c.at("exponent").at("lower")) <= to_rational(upper(value.exponent)) &&
           to_rational(lower(value.exponent)) <= number(c.at("exponent").at("upper"));
  }
  if (kind == "threshold-limit") {
    const Json& in = c.at("point");
    const AttentionKind of = in.at("kind") == "matrix" ? AttentionKind::matrix : AttentionKind::tensor;
    const Enclosure limit =
        limit_exponent(of, number(in.at("kappa")), number(in.at("c")), number(in.at("C")));
    return number(c.at("exponent").at("lower")) <= to_rational(limit.upper()) &&
           to_rational(limit.lower()) <= number(c.at("exponent").at("upper"));
  }
  if (kind == "epsilon-rank") {
    const CertifiedRank r = certified_rank(matrix(c.at("matrix").at("entries")), number(c.at("epsilon")));
    return c.at("lower").at("rank").get<long>() <= r.upper && r.lower <= c.at("upper").at("rank").get<long>();
  }
  if (kind == "layers") {
    const Json again = layers_certificate(
        network_of(c.at("layers")), matrix(c.at("input")), matrix(c.at("backward").at("target")),
        number(c.at("delta")), c.at("constants") == "norms" ? ConstantsFrom::norms : ConstantsFrom::states);
    return number(again.at("errors").back()) <= number(c.at("errors").back()) * (1 + Rational(1, 1 << 20)) &&
           number(again.at("backward").at("errors")[0]) <=
               number(c.at("backward").at("errors")[0]) * (1 + Rational(1, 1 << 20));
  }
  return false;
}

/// Why the change at this place may be accepted; empty: it may not.
std::string explanation(const Json& original, const Altered& a, const Pointer& at) {
  struct Rule {
    const char *kind, *place, *why;
  };
  static const Rule witnesses[] = {
      {"least-degree", "/(upper|upper_below|lower|lower_at)(/.*)?", "another witness"},
      {"polynomial-error", "/upper/(critical_points/.*|radius)", "another witness"},
      {"best-error", "/lower/points/.*", "another witness"},
      {"threshold-point", "/point/(upper|lower)/.*", "another witness"},
      {"attention|gradient", "/polynomial/.*", "another witness"},
      {"epsilon-rank", "/(upper|lower)/(left|right)/.*", "another witness"},
      {"gradient", "/bound_(approximation|rounding)", "another split of a bound that is re-proved whole"},
      {"reduction", "/witness/.*", "another witness"},
  };
  struct Weaker {
    const char *kind, *place;
    int direction;  // of the change: 1 larger, -1 smaller
  };
  static const Weaker weaker[] = {
      {"polynomial-error", "/bound", 1},
      {"best-error", "/bound", -1},
      {"attention|gradient", "(/outputs/[qkv])?/observed/upper", 1},
      {"attention|gradient", "(/outputs/[qkv])?/observed/lower", -1},
      {"attention|gradient", "(/outputs/[qkv])?/exceeds", -1},
      {"gradient", "/outputs/[qkv]/bound", 1},
      {"threshold-(point|limit)", "/exponent/upper", 1},
      {"threshold-(point|limit)", "/exponent/lower", -1},
      {"threshold-limit", "/degree_ratio/upper", 1},
      {"threshold-limit", "/degree_ratio/lower", -1},
      {"attention|gradient", "/bound_approximation",
       1},  // exchanged with the rounding: their sum is the bound
      {"attention|gradient", "/bound_rounding", -1},
      {"layers", "/errors/.*", 1},
      {"layers", "/backward/(norms|errors)/.*", 1},
      {"layers", "/delta", -1},
      {"claim-instance", "/right/scale", -1},  // a constant that a run found; relation: greater
      {"reduction", "/(gap|epsilon)", -1},
  };
  const std::string kind = original.at("kind"), place = at.to_string();
  const auto is = [&](const char* k, const char* p) {
    return std::regex_match(kind, std::regex(k)) && std::regex_match(place, std::regex(p));
  };
  for (const Rule& r : witnesses)
    if (is(r.kind, r.place)) return r.why;
  if (is("claim-instance", "/instance/.*"))
    return oracle::confirms(a.json) ? "another instance, where the claim holds too" : "";
  if (a.how == Altered::How::removed && original[at].is_null()) return "a null left out";
  if (a.how == Altered::How::removed && at.back() == "exceeds") return "weaker";
  if (a.how != Altered::How::value && a.how != Altered::How::exchanged) return "";
  if (is("attention", "/sample/seed") && original.at("sample").at("rows") == 6)
    return "the seed of a complete sample";
  if (is("attention", "/sample/rows") && a.json.at("sample").at("rows") < original.at("sample").at("rows"))
    return "weaker";
  if (is("attention", "/sample/.*")) return "another sample";
  const Json &before = original[at], &after = a.json[at];
  if (is_number(before) && is_number(after)) {
    for (const Weaker& w : weaker)
      if (is(w.kind, w.place) && (number(after) > number(before) ? 1 : -1) == w.direction) return "weaker";
    const Json& beside = original[at.parent_pointer()];
    if ((at.back() == "exceeds" && number(after) <= number(beside.at("observed").at("lower"))) ||
        (is("gradient", "/outputs/[qkv]/bound") &&
         number(after) >= number(beside.at("observed").at("upper"))))
      return "another true statement";
  }
  return confirmed_by_producer(a.json) ? "another true statement" : "";
}
std::string explanation(const Json& original, const Altered& a) {
  std::string why;
  for (const Pointer& at : a.at) {
    const std::string said = explanation(original, a, at);
    if (said.empty()) return "";
    why = why.empty() ? said : why == said ? why : why + ", " + said;
  }
  return why;
}

/// The certificates of a threshold's line are about its numbers.
void says_what_is_reported(const Json& line, const std::vector<Json>& c) {
  INFO(line.dump());
  const bool star = line.at("record") == "kappa_star";
  REQUIRE(c.size() == (star ? 4 : 2));
  const auto same = [&](const Json& point, std::initializer_list<const char*> keys) {
    for (const char* key : keys) CHECK(point.at(key) == line.at(key));
  };
  const auto ends = [&](const Json& exponent, const Json& printed) {
    for (const char* end : {"lower", "upper"}) CHECK(number(exponent.at(end)) == number(printed.at(end)));
  };
  if (!star) {
    same(c[0].at("point"), {"kind", "problem", "n", "kappa", "c", "C", "d", "degree", "degree_needed"});
    ends(c[0].at("exponent"), line.at("exponent"));
    CHECK(c[0].at("pays") == line.at("pays"));
    same(c[1].at("point"), {"kind", "kappa", "c", "C"});
    ends(c[1].at("exponent"), line.at("limit_exponent"));
    return;
  }
  const Json kappas[] = {line.at("pays"), line.at("does_not_pay"), line.at("limit").at("lower"),
                         line.at("limit").at("upper")};
  for (std::size_t i = 0; i < 4; ++i) {
    same(c[i].at("point"), {"kind", "c", "C"});
    if (i < 2) same(c[i].at("point"), {"problem", "n"});
    CHECK(number(c[i].at("point").at("kappa")) == number(kappas[i]));
    CHECK(c[i].at("pays") == (i % 2 == 0 ? "verified" : "refuted"));
  }
}

}  // namespace

TEST_CASE("the sampled rows depend on the seed and on the output's hash", "[certificates]") {
  const std::string one(64, 'a'), other(64, 'b');
  CHECK(sampled_rows(0, one, 1000, 8) == sampled_rows(0, one, 1000, 8));
  CHECK(sampled_rows(0, one, 1000, 8) != sampled_rows(0, other, 1000, 8));
  CHECK(sampled_rows(0, one, 1000, 8) != sampled_rows(1, one, 1000, 8));
  CHECK(sampled_rows(0, one, 5, 5) == std::vector<Eigen::Index>{0, 1, 2, 3, 4});
}

TEST_CASE("every kind of certificate that the program writes is verified", "[certificates]") {
  const TemporaryFolder folder;
  const std::vector<Valid> valid = valid_certificates(folder.path);
  std::vector<fs::path> files;
  std::set<std::string> kinds;
  for (const Valid& v : valid) files.push_back(v.folder / "certificate.json");
  const std::vector<Json> verdicts = checked(files);
  REQUIRE(verdicts.size() == valid.size());
  for (std::size_t i = 0; i < valid.size(); ++i) {
    INFO(valid[i].name << ": " << verdicts[i].dump());
    CHECK(verdicts[i].at("verdict") == "verified");
    kinds.insert(valid[i].json.at("kind"));
  }
  CHECK(kinds.size() == 11);
}

TEST_CASE("every comparison of the checker's table has the oracle's sides on its claim's worst instance",
          "[certificates]") {
  const TemporaryFolder folder;
  std::vector<Valid> valid = every_comparison(folder.path);
  CHECK(valid.size() >= 25);
  for (const auto& file : fs::directory_iterator(full_run().certificates / "claims"))
    if (!file.is_directory())  // else a kernel's output
      valid.push_back({file.path().stem().string(), {}, Json::parse(read_file(file.path()))});
  std::vector<fs::path> files;
  for (const Valid& v : valid) {
    files.push_back(folder.path / (std::to_string(files.size()) + ".json"));
    write_file_atomically(files.back(), v.json.dump(1) + "\n");
  }
  const std::vector<Json> verdicts = checked(files);
  for (std::size_t i = 0; i < valid.size(); ++i) {
    INFO(valid[i].name << ": " << verdicts[i].dump());
    REQUIRE(verdicts[i].at("verdict") == "verified");
    if (valid[i].json.at("left").at("quantity").get<std::string>().rfind("distance", 0) == 0 &&
        valid[i].json.at("right").at("quantity").get<std::string>().rfind("half-width", 0) == 0)
      continue;  // the radius of a ball is the checker's own
    // The checker stops where the sides part: norms by 16 squarings, differences of 106 bits in 128; the
    // oracle's nodes are doubles.
    const Json& lemma = valid[i].json.at("lemma");
    const double relative = lemma == "spectral-split" || lemma == "wrong-answer" ? 1e-4
                            : lemma == "double-double"                           ? 1e-5
                                                                                 : 1e-8,
                 absolute = valid[i].json.at("lemma") == "quadrature" ? 1e-12 : 0;
    const WorkingPrecision precision(Bits{512});
    for (const char* side : {"left", "right"}) {
      const Interval exact = oracle::side(valid[i].json, side);
      const double end = nearest(side == std::string("left") ? lower(exact) : upper(exact)),
                   printed = std::stod(verdicts[i].at(side).get<std::string>());
      CHECK(std::abs(printed - end) <= relative * std::abs(end) + absolute);
    }
  }
}

TEST_CASE("of 3,000 random alterations, every one that is accepted is explained", "[certificates]") {
  const TemporaryFolder folder;
  std::vector<Valid> valid = valid_certificates(folder.path);
  std::erase_if(valid, [](const Valid& v) { return v.json.at("kind") == "claim-instance"; });
  const std::size_t of_kinds = valid.size();
  fs::create_directories(folder.path / "claims");
  std::vector<fs::path> claims;
  for (const auto& entry : fs::directory_iterator(full_run().certificates / "claims"))
    claims.push_back(entry.path());
  std::sort(claims.begin(), claims.end());
  for (const fs::path& claim : claims)
    if (!fs::is_directory(claim))
      valid.push_back({claim.stem().string(), folder.path / "claims", Json::parse(read_file(claim))});
    else  // a kernel's output
      valid.push_back({claim.filename().string(), claim, Json::parse(read_file(claim / "certificate.json"))});
  for (const Valid& v : every_comparison(folder.path / "claims")) valid.push_back(v);
  REQUIRE(valid.size() >= of_kinds + 150);
  for (const Valid& v : valid) {
    INFO(v.name);
    if (v.json.at("kind") == "claim-instance") CHECK(oracle::confirms(v.json));
  }
  const std::uint64_t seed = 20261128;
  std::vector<Altered> altered;
  std::vector<std::size_t> of;
  std::vector<fs::path> files;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    Stream random(seed, "alterations of certificates", i);
    of.push_back(i % valid.size());
    altered.push_back(alter(valid[of[i]].json, random));
    files.push_back(valid[of[i]].folder / ("altered-" + std::to_string(i) + ".json"));
    std::ofstream(files.back()) << altered[i].json.dump(1);
  }
  const std::vector<Json> verdicts = checked(files);
  REQUIRE(verdicts.size() == altered.size());
  std::map<std::string, int> counts;
  for (std::size_t i = 0; i < altered.size(); ++i) {
    const Json &before = valid[of[i]].json, &after = altered[i].json;
    if (verdicts[i].at("verdict") != "verified") {
      ++counts["rejected"];
      continue;
    }
    const std::string why = explanation(before, altered[i]);
    ++counts[why.empty() ? "NOT EXPLAINED" : "accepted: " + why];
    INFO("seed " << seed << ", alteration " << i << " of " << valid[of[i]].name << " at "
                 << altered[i].at[0].to_string() << "\n"
                 << Json::diff(before, after).dump().substr(0, 400) << "\n"
                 << verdicts[i].dump());
    CHECK_FALSE(why.empty());
  }
  std::string summary;
  for (const auto& [what, count] : counts)
    summary += (summary.empty() ? "" : "; ") + what + " " + std::to_string(count);
  write_file_atomically(fs::path(ATTNBOUNDS_BINARY_DIR) / "mutations.txt",
                        "mutations: " + std::to_string(altered.size()) + " alterations of " +
                            std::to_string(valid.size()) + " certificates; " + summary + "\n");
  INFO(summary);
  CHECK(counts["rejected"] >= 2000);
  CHECK(counts["NOT EXPLAINED"] == 0);
}

TEST_CASE("rows that the checking person draws show what the certificate's own sample left out",
          "[certificates]") {
  const TemporaryFolder folder;
  Stream random(3, "a spoiled row");
  const AttentionInput in{random.uniform_matrix(40, 2, 1), random.uniform_matrix(9, 2, 1),
                          random.uniform_matrix(9, 1, 1)};
  AttentionResult result =
      guaranteed_attention(in, {Rational(1, 1000), MethodChoice::exact, Mask::none, {}, ThreadCount{1}});
  result.output(17, 0) += 1;
  // The forger tries seeds until the sample does not meet the spoiled row.
  std::string file;
  std::uint64_t seed = 0;
  for (bool met = true; met; ++seed) {
    file = write_attention_certificate(folder.path, in, result, Mask::none, seed, 8).string();
    const std::string hash = Json::parse(read_file(file)).at("output").at("sha256");
    const auto rows = sampled_rows(seed, hash, 40, 8);
    met = std::find(rows.begin(), rows.end(), 17) != rows.end();
  }
  CHECK(run_program("attnbounds-check", file).status == 0);
  int rejected = 0;
  for (int own = 0; own < 20; ++own) {
    const Answer answer = run_program("attnbounds-check", "--seed " + std::to_string(own) + " " + file);
    rejected += answer.status == 1;
    const char* said = answer.status == 1 ? "bound: the largest error on the rows of --seed against it"
                                          : "within the bound on as many of --seed";
    CHECK(answer.output.find(said) != std::string::npos);
  }
  CHECK(rejected >= 1);   // 8 of 40 rows: a fifth of the seeds
  CHECK(rejected <= 12);  // and not because it rejects whatever it is given
  for (const char* wrong : {"--seed", "--seed x", "--seed -1", "--seed 10000000000000000000"})
    CHECK(run_program("attnbounds-check", wrong + (" " + file)).status == 2);
}

TEST_CASE("every comparison of every claim, twins included, has a certificate or a reason",
          "[certificates]") {
  std::set<std::string> without;
  for (const Claim& claim : all_claims()) {
    std::vector<Comparison> comparisons = claim.comparisons;
    comparisons.push_back(claim.twin.comparison);
    for (const Comparison& c : comparisons) {
      INFO(claim.id << ": " << c.name);
      if (in_catalogue(claim.id, c.name) || c.output) continue;
      without.insert(claim.id);
      CHECK(!why_no_certificate(claim.id, c.name).empty());
    }
  }
  for (const char* name : {"degree-from-above", "degree-from-below", "exponent-bounded-away",
                           "exponent-tends-to-one", "kappa-star"})
    without.insert(std::string("threshold-2026/") + name);      // of half-widths beyond the checker's limits
  without.insert("liang-et-al-2024-multilayer/forward-error");  // where a layer has more than attention
  without.insert("liang-et-al-2024-multilayer/backward-error");
  for (const std::string& id : claims_without_certificates()) {
    INFO(id << " needs no reason");
    CHECK(without.count(id) == 1);
  }
}

TEST_CASE("kernels' certificates are verified whatever the seed draws", "[certificates]") {
  const TemporaryFolder folder;
  // With seed 11 the kernel's centre, rounded to float far from 0, gives shorter scores than the exact one;
  // with seed 26 the worst instance has scores of almost no length.
  for (const std::uint64_t seed : {11, 26}) {
    const RunSettings settings{seed, Level::quick, ThreadCount{2}};
    RunCertificates certificates(folder.path / std::to_string(seed),
                                 ATTNBOUNDS_BINARY_DIR "/attnbounds-check");
    std::size_t kernels = 0;
    for (const Claim& claim : all_claims())
      if (claim.comparisons.front().output) {
        ++kernels;
        certificates.add_claim(log_line(claim, run_claim(claim, settings)), settings);
      }
    CHECK(kernels == 12);
    for (const Json& line : certificates.check()) {
      INFO("seed " << seed << ": " << line.dump());
      CHECK((line.at("verdict") == "verified" || line.at("verdict") == "none"));
    }
  }
}

TEST_CASE("the thresholds' tasks are named by the lines that they give, with proofs or without",
          "[certificates]") {
  TheoryGrid grid;
  grid.kinds = {AttentionKind::matrix, AttentionKind::tensor};
  grid.n = {{"2^10"}, {"2^20"}};
  grid.kappa = {Rational(1, 8), Rational(3, 2)};
  grid.c = grid.C = {1};
  std::vector<SweepJson> without;
  for (const SweepTask& task : theory_tasks(grid)) {
    without.push_back(task.run());
    CHECK(theory_name(without.back()) == task.name);
  }
  grid.proofs = DegreeProofs::with;
  std::size_t i = 0;
  for (const SweepTask& task : theory_tasks(grid)) {
    SweepJson line = task.run();
    CHECK(theory_name(line) == task.name);
    const SweepJson proofs = line.at("proofs");
    says_what_is_reported(line, {proofs.begin(), proofs.end()});
    line.erase("proofs");
    CHECK(line == without.at(i++));
  }
}

TEST_CASE("attention, gradient, reduce and decide write certificates that stand alone", "[certificates]") {
  const TemporaryFolder folder;
  const std::string place = folder.path.string();
  const auto run = [&](const std::string& arguments) { return run_program("attnbounds", arguments).status; };
  const auto check = [&](const std::string& file) {
    return run_program("attnbounds-check", place + "/" + file);
  };
  const std::string head = ATTNBOUNDS_SOURCE_DIR "/tests/data/heads/layer0-head7/";
  CHECK(run("attention --q " + head + "q.npy --k " + head + "k.npy --v " + head +
            "v.npy --eps 1e-6 --json --certificate " + place + "/attention") == 0);
  CHECK(check("attention/certificate.json").output.find("on all rows") != std::string::npos);
  write_file_atomically(folder.path / "f.cnf", "p cnf 4 3\n1 -2 0\n2 3 0\n-1 4 0\n");
  CHECK(run("reduce --to attention " + place + "/f.cnf --out " + place + "/reduced") == 0);
  CHECK(run("decide " + place + "/reduced --certificate") == 0);
  CHECK(check("reduced/certificate.json").output.find("yes, by a witness; a yes has an output of at least") !=
        std::string::npos);
  CHECK(run("decide " + place + " --certificate") == 2);
  CHECK(run("reduce --to gradient " + place + "/f.cnf --out " + place + "/loss") == 0);
  CHECK(run("decide " + place + "/loss --certificate") == 0);
  CHECK(check("loss/certificate.json").output.find("yes, by a witness; a yes has |Att|^2 at least") !=
        std::string::npos);
  CHECK(run("gradient " ATTNBOUNDS_SOURCE_DIR
            "/examples/attention_gradient --causal --eps 1e-6 --certificate " +
            place + "/gradients") == 0);
  CHECK(check("gradients/certificate.json").output.find("; by v error [") != std::string::npos);
}

TEST_CASE("every certificate of a full quick run is re-proved, and the report says so of each number",
          "[certificates]") {
  const Answer& answer = full_run().answer;
  CHECK(answer.status == 0);
  CHECK(answer.errors.empty());
  const Json counts = Json::parse(answer.output).at("certificates");
  CHECK(counts.at("verified").get<long>() >= 600);
  CHECK(counts.at("rejected") == 0);
  CHECK(counts.at("not checked") == 0);
  const std::string report = contents(full_run().out / "report.md");
  CHECK(report.find("re-proved by attnbounds-check: " + counts.at("verified").dump() + "; rejected: 0") !=
        std::string::npos);
  CHECK(report.find("no certificate") != std::string::npos);
  const auto lines_of = [&](const char* file) {
    std::vector<Json> lines;
    std::istringstream all(contents(full_run().out / file));
    for (std::string text; std::getline(all, text);) lines.push_back(Json::parse(text));
    return lines;
  };
  std::map<std::string, Json> said;
  for (const Json& line : lines_of("certificates.jsonl")) {
    INFO(line.dump());
    CHECK((line.at("verdict") == "verified" || !line.at("reason").get<std::string>().empty()));
    said[line.at("subject").get<std::string>() + " " + line.at("name").get<std::string>()] = line;
  }
  const auto certificate = [&](const std::string& of, std::size_t i = 0) {
    return Json::parse(read_file(full_run().certificates / said.at(of).at("files").at(i).get<std::string>()));
  };

  // What the certificates say is what the run reports.
  std::size_t kernels = 0;
  for (const Json& line : lines_of("claims.jsonl")) {
    const std::string id = line.at("id");
    for (const auto& [subject, witness] :
         {std::pair("claim ", &line.at("worst_instance")), {"twin ", &line.at("twin").at("witness")}}) {
      if (said.at(subject + id).at("files").empty()) continue;
      const Json c = certificate(subject + id);
      if (c.at("kind") == "claim-instance") continue;
      INFO(subject << id);
      const bool twin = subject == std::string("twin ");
      const Json of = c.contains("outputs") ? c.at("outputs").front() : c;
      CHECK(of.contains("exceeds") == twin);
      const Rational right_below = number(witness->at("right").at("lower")),
                     right_above = number(witness->at("right").at("upper"));
      if (twin) CHECK((right_below <= number(of.at("exceeds")) && number(of.at("exceeds")) <= right_above));
      else  // a kernel may prove more than Theorem G', which `bound` includes
        CHECK(std::min(number(of.at("bound")), number(of.at("observed").at("upper"))) <= right_above);
      ++kernels;
    }
  }
  CHECK(kernels >= 12);
  for (const Json& line : lines_of("heads.jsonl")) {
    const std::string head = "head " + line.at("head").get<std::string>();
    CHECK(certificate(head).at("sample").at("rows") == line.at("n"));
    CHECK(number(certificate(head).at("bound")) == number(line.at("bound_exact")));
    CHECK(certificate(head, 1).at("degree") == line.at("least").at("degree"));
    CHECK(certificate(head, 2).at("degree") == line.at("least_for_bound").at("degree"));
  }
  for (const Json& line : lines_of("thresholds.jsonl")) {
    const std::string of = "threshold " + theory_name(line);
    std::vector<Json> certificates;
    for (std::size_t i = 0; i < said.at(of).at("files").size(); ++i)
      certificates.push_back(certificate(of, i));
    says_what_is_reported(line, certificates);
  }
  std::size_t layers = 0;
  for (const Json& line : lines_of("propagation.jsonl")) {
    const std::string series = "layers " + line.at("series").get<std::string>();
    if (said.at(series).at("files").empty()) continue;
    ++layers;
    const std::size_t layer = line.at("layer").get<std::size_t>() - 1;
    const auto quoted = [&](const char* pass, const char* bound) {
      return to_rational(line.at(pass).at(bound).get<double>());
    };
    const Json states = certificate(series, 0), norms = certificate(series, 1);
    CHECK(number(states.at("errors")[layer]) <= quoted("forward", "bound_states"));
    CHECK(number(norms.at("errors")[layer]) <= quoted("forward", "bound_norms"));
    CHECK(number(norms.at("backward").at("errors")[layer]) <= quoted("backward", "bound_norms"));
  }
  CHECK(layers >= 32);

  // A certificate spoiled after the run: the checker notices.
  const TemporaryFolder folder;
  fs::copy(full_run().certificates / "heads/layer0-head7", folder.path);
  const fs::path spoiled = folder.path / "output.npy";
  std::fstream bytes(spoiled, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(200);
  bytes.put('\x55');
  bytes.close();
  const Answer check = run_program("attnbounds-check", (folder.path / "certificate.json").string());
  CHECK(check.status == 1);
  CHECK(check.output.find("rejected: output.sha256: \"output.npy\" has SHA-256") != std::string::npos);
}

}  // namespace attnbounds
