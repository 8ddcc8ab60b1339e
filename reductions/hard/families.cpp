#include "reductions/hard/families.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/random.hpp"
#include "reductions/attention/decision.hpp"
#include "reductions/chain/reduce.hpp"
#include "reductions/orthogonal_vectors/orthogonality.hpp"
#include "reductions/orthogonal_vectors/split_and_list.hpp"
#include "reductions/receipt/receipt.hpp"

namespace attnbounds {
namespace {

using Json = nlohmann::ordered_json;

struct HardVectors {
  std::vector<SignMatrix> families;
  ScoreSign sign = ScoreSign::positive;
  std::optional<Tuple> planted;
  std::optional<Formula> formula;
};

/// One entry of an unplanted vector of the family.
int drawn_entry(const HardRequest& r, Stream& stream) {
  if (r.family == "light-bulb") return stream.sign();
  if (r.family == "planted-gap") return stream.below(2) == 0 ? 1 : 0;
  return stream.below(10) < (r.arity == 2 ? 5U : 8U) ? 1 : 0;  // planted-orthogonal
}

std::vector<SignMatrix> drawn(const HardRequest& r, long d) {
  std::vector<SignMatrix> families;
  for (long k = 0; k < r.arity; ++k) {
    Stream stream(r.seed, "hard/" + r.family, static_cast<std::uint64_t>(k));
    SignMatrix m(k == 0 ? r.n : r.n - 1, d);  // the last key is the anchor
    for (Eigen::Index i = 0; i < m.size(); ++i)
      m.data()[i] = static_cast<std::int8_t>(drawn_entry(r, stream));
    families.push_back(m);
  }
  return families;
}

Tuple random_tuple(Stream& stream, const HardRequest& r) {
  Tuple t;
  for (long k = 0; k < r.arity; ++k)
    t.push_back(static_cast<long>(stream.below(static_cast<std::uint64_t>(k == 0 ? r.n : r.n - 1))));
  return t;
}

HardVectors planted_orthogonal(const HardRequest& r, long d) {
  HardVectors h{drawn(r, d), ScoreSign::negative, {}, {}};
  Stream stream(r.seed, "hard/planted");
  h.planted = random_tuple(stream, r);
  const auto row = [&](long k, long i) { return h.families[static_cast<std::size_t>(k)].row(i); };
  for (long l = 0; l < d; ++l) {  // somebody gives way where all are 1
    bool all = true;
    for (long k = 0; k < r.arity; ++k) all = all && row(k, (*h.planted)[static_cast<std::size_t>(k)])(l) == 1;
    if (all) {
      const long k = static_cast<long>(stream.below(static_cast<std::uint64_t>(r.arity)));
      row(k, (*h.planted)[static_cast<std::size_t>(k)])(l) = 0;
    }
  }
  return h;
}

HardVectors light_bulb(const HardRequest& r, long d) {
  HardVectors h{drawn(r, d), ScoreSign::positive, {}, {}};
  Stream stream(r.seed, "hard/planted");
  h.planted = random_tuple(stream, r);
  // The last one is the product of the others in 7/8 of the places: correlation 3/4.
  const std::vector<std::size_t> places = stream.permutation(static_cast<std::size_t>(d));
  for (long at = 0; at < d; ++at) {
    const auto l = static_cast<Eigen::Index>(places[static_cast<std::size_t>(at)]);
    int product = 8 * at < 7 * d ? 1 : -1;
    for (long k = 0; k + 1 < r.arity; ++k)
      product *= h.families[static_cast<std::size_t>(k)]((*h.planted)[static_cast<std::size_t>(k)], l);
    h.families.back()(h.planted->back(), l) = static_cast<std::int8_t>(product);
  }
  return h;
}

HardVectors planted_gap(const HardRequest& r, long d) {
  HardVectors h{drawn(r, d), ScoreSign::positive, {}, {}};
  Stream stream(r.seed, "hard/planted");
  h.planted = random_tuple(stream, r);
  const std::vector<std::size_t> places = stream.permutation(static_cast<std::size_t>(d));
  for (long at = 0; 4 * at < 3 * d; ++at)
    for (long k = 0; k < r.arity; ++k)
      h.families[static_cast<std::size_t>(k)](
          (*h.planted)[static_cast<std::size_t>(k)],
          static_cast<Eigen::Index>(places[static_cast<std::size_t>(at)])) = 1;
  return h;
}

/// Clauses a variable at which random k-CNF turn unsatisfiable (Mertens, Mezard, Zecchina 2006; k = 2: 1).
double satisfiability_threshold(long k) {
  constexpr double ratios[] = {1, 4.267, 9.931, 21.117, 43.37, 87.79};
  return ratios[k - 2];
}

HardVectors random_cnf(const HardRequest& r, const std::optional<long>& clauses) {
  if (!std::has_single_bit(static_cast<std::uint64_t>(r.n)))
    throw InputError("--n", "a power of two for random-cnf", std::to_string(r.n));
  const long variables = r.arity * std::bit_width(static_cast<std::uint64_t>(r.n - 1));
  if (r.width < 2 || r.width > 7) throw InputError("--width", "2 to 7", std::to_string(r.width));
  if (variables < r.width)
    throw InputError(
        "--n", "at least " + std::to_string(r.width) + " variables, " + std::to_string(r.arity) + " log2 n",
        std::to_string(r.n));
  Stream stream(r.seed, "hard/random-cnf");
  Formula f{variables, {}};
  for (long c =
           clauses.value_or(std::lround(satisfiability_threshold(r.width) * static_cast<double>(variables)));
       c > 0; --c) {
    Clause clause;
    while (static_cast<long>(clause.size()) < r.width) {
      const int v = 1 + static_cast<int>(stream.below(static_cast<std::uint64_t>(variables)));
      if (std::none_of(clause.begin(), clause.end(), [v](int x) { return std::abs(x) == v; }))
        clause.push_back(v * stream.sign());
    }
    f.clauses.push_back(clause);
  }
  const VectorFamilies ov = split_and_list(f, r.arity);
  HardVectors h{{}, ScoreSign::negative, find_orthogonal(ov, r.threads), f};
  for (const BitMatrix& family : ov.families) h.families.push_back(sign_matrix(family));
  return h;
}

long score_of(const HardVectors& h, const Tuple& t) {
  long sum = 0;
  for (Eigen::Index l = 0; l < h.families[0].cols(); ++l) {
    int product = 1;
    for (std::size_t k = 0; k < t.size(); ++k) product *= h.families[k](t[k], l);
    sum += product;
  }
  return sum * static_cast<int>(h.sign);
}

struct OtherTuples {
  long largest = 0;  // score, over the tuples other than the planted one
  std::set<std::pair<std::size_t, long>>
      as_good;  // a vector (family, row) of each one as good as the planted
};
/// All tuples count, if nothing is planted. In tiles of products in float: sums of signs are exact there.
OtherTuples other_tuples(const HardVectors& h, const HardRequest& r) {
  constexpr long tile_tuples = 64, tile_keys = 1024;
  const long n = h.families[0].rows(), d = h.families[0].cols(),
             pairs = r.arity == 2 ? 1 : h.families[1].rows(), keys = h.families.back().rows();
  const long planted_score = h.planted ? score_of(h, *h.planted) : 1L << 40;
  const Matrix<float> last = h.families.back().cast<float>() * static_cast<float>(h.sign);
  const long tiles = (n * pairs + tile_tuples - 1) / tile_tuples;
  std::vector<OtherTuples> of_tile(static_cast<std::size_t>(tiles), {-(1L << 40), {}});
  parallel_for(tiles, r.threads, [&](long tile) {
    OtherTuples& others = of_tile[static_cast<std::size_t>(tile)];
    const long first = tile * tile_tuples, count = std::min(tile_tuples, n * pairs - first);
    Matrix<float> queries(count, d);  // of all vectors but the last
    for (long q = 0; q < count; ++q) {
      queries.row(q) = h.families[0].row((first + q) / pairs).cast<float>();
      if (r.arity == 3)
        queries.row(q).array() *= h.families[1].row((first + q) % pairs).cast<float>().array();
    }
    for (long from = 0; from < keys; from += tile_keys) {
      const Matrix<float> scores =
          queries * last.middleRows(from, std::min(tile_keys, keys - from)).transpose();
      const long largest = std::lround(scores.maxCoeff());
      if (largest < planted_score) {
        others.largest = std::max(others.largest, largest);
        continue;
      }
      for (long q = 0; q < count; ++q)
        for (long k = 0; k < scores.cols(); ++k) {
          const long score = std::lround(scores(q, k)), i = (first + q) / pairs;
          const Tuple tuple = r.arity == 2 ? Tuple{i, from + k} : Tuple{i, (first + q) % pairs, from + k};
          if (tuple == h.planted) continue;
          others.largest = std::max(others.largest, score);
          if (score < planted_score) continue;
          std::size_t family = tuple.size() - 1;  // of the last vector that is not a planted one
          while (tuple[family] == (*h.planted)[family]) --family;
          others.as_good.insert({family, tuple[family]});
        }
    }
  });
  OtherTuples all{-(1L << 40), {}};
  for (OtherTuples& others : of_tile) {
    all.largest = std::max(all.largest, others.largest);
    all.as_good.merge(others.as_good);
  }
  return all;
}

/// Vectors among which another tuple does as well as the planted one are drawn again: the family's
/// distribution, given that the planted tuple stands out.
OtherTuples let_planted_stand_out(HardVectors& h, const HardRequest& r) {
  OtherTuples others = other_tuples(h, r);
  if (!h.planted || h.formula) return others;
  constexpr std::uint64_t rounds = 100;
  for (std::uint64_t round = 0; !others.as_good.empty() && round < rounds; ++round) {
    Stream stream(r.seed, "hard/again", round);
    for (const auto& [family, row] : others.as_good)
      for (Eigen::Index l = 0; l < h.families[family].cols(); ++l)
        h.families[family](row, l) = static_cast<std::int8_t>(drawn_entry(r, stream));
    others = other_tuples(h, r);
  }
  return others;
}

/// With vectors of ones, orthogonal to nothing, up to that many rows.
BitMatrix bits_of(const SignMatrix& m, long rows) {
  BitMatrix bits(rows, m.cols());
  for (long i = 0; i < rows; ++i)
    for (Eigen::Index c = 0; c < m.cols(); ++c)
      if (i >= m.rows() || m(i, c) == 1) bits.set(i, c);
  return bits;
}

}  // namespace

namespace {

HardVectors vectors_of(const HardRequest& r, long d) {
  return r.family == "planted-orthogonal" ? planted_orthogonal(r, d)
         : r.family == "light-bulb"       ? light_bulb(r, d)
         : r.family == "planted-gap"      ? planted_gap(r, d)
         : r.family == "random-cnf"
             ? random_cnf(r, r.d)
             : throw InputError(
                   "--family",
                   "planted-orthogonal (planted-pair, planted-triple), light-bulb, planted-gap or "
                   "random-cnf",
                   "'" + r.family + "'");
}

struct Drawn {
  HardVectors vectors;
  long largest_other = 0;
};
/// The planted families do not depend on kappa: those of a sweep's last sizes are kept.
Drawn drawn_vectors(const HardRequest& r, long dimension) {
  using Key = std::tuple<std::string, long, std::uint64_t, long, long, long>;
  static std::mutex lock;
  static std::map<Key, Drawn> kept;
  const Key key{r.family, r.n, r.seed, r.arity, dimension, r.threads.value};
  {
    const std::lock_guard guard(lock);
    if (const auto found = kept.find(key); found != kept.end()) return found->second;
  }
  HardVectors h = vectors_of(r, dimension);
  const OtherTuples others = let_planted_stand_out(h, r);
  Drawn drawn{std::move(h), others.largest};
  if (drawn.vectors.formula) return drawn;
  const std::lock_guard guard(lock);
  if (kept.size() >= 8) kept.clear();
  return kept[key] = std::move(drawn);
}

/// With vectors of that dimension, and at least `columns` columns.
HardInstance instance_of(const HardRequest& r, long dimension, long columns) {
  const auto [h, largest_other] = drawn_vectors(r, dimension);
  ScorePromise promise = orthogonality_promise();
  promise.sign = h.sign;
  if (h.planted && !h.formula) {
    promise.yes = score_of(h, *h.planted);
    promise.no = largest_other;
    if (promise.no >= promise.yes)
      throw InputError("--d",
                       "a larger dimension, at which the planted tuple stands out (its score " +
                           std::to_string(promise.yes) + ")",
                       std::to_string(dimension) + " beside the bias columns, where another tuple has " +
                           std::to_string(promise.no));
  }
  std::vector<long> rows;
  for (const SignMatrix& family : h.families) rows.push_back(family.rows());
  return {h.families, h.planted, h.formula,
          threshold_for_kappa(rows, h.families[0].cols(), promise, r.kappa, columns), largest_other};
}

}  // namespace

HardInstance hard_instance(const HardRequest& request) {
  HardRequest r = request;
  if (r.family == "planted-pair" || r.family == "planted-triple") {
    r.arity = r.family == "planted-pair" ? 2 : 3;
    r.family = "planted-orthogonal";
  }
  const long most = r.arity == 2 ? 1L << 17 : 1L << 9;
  if (r.n < 2 || r.n > most) throw InputError("--n", "2 to " + std::to_string(most), std::to_string(r.n));
  if (r.d && (*r.d < 1 || *r.d > 1L << 12)) throw InputError("--d", "1 to 4096", std::to_string(*r.d));
  if (r.kappa <= 0 || r.kappa > 1000)
    throw InputError("--kappa", "a number above 0, at most 1000", exact_text(r.kappa));
  const long d = r.d.value_or(std::lround(std::ceil(kHardColumns * std::log(static_cast<double>(r.n)))));
  if (r.family == "random-cnf") return instance_of(r, d, 0);
  // d columns with the bias: how many of these it takes depends on the promise, and that on the vectors.
  long bias_columns = 1;
  HardInstance instance = instance_of(r, std::max(1L, d - bias_columns), d);
  while (instance.parameters.columns() > d) {
    bias_columns = std::max(bias_columns + 1, instance.parameters.bias_columns);
    if (4 * bias_columns > d) return instance_of(r, d, 0);  // small kappa: beside the vectors' d columns
    instance = instance_of(r, d - bias_columns, d);
  }
  return instance;
}

Json make_hard(const HardRequest& r, const std::filesystem::path& output) {
  const HardInstance h = hard_instance(r);
  const ThresholdParameters& p = h.parameters;
  const ScorePromise& promise = p.promise;
  const bool orthogonality = promise.sign == ScoreSign::negative;
  NewFolder folder(output);
  const std::filesystem::path& at = folder.beside();
  Json fields = attention_fields(p);
  fields["matrices"] = write_attention(p, h.families, at);

  // What the exact outputs say of the planted row. (A random formula keeps the promise's 1/2.)
  const std::vector<OutputRange> ranges = p.arity == 2
                                              ? output_ranges(matrix_instance(p, h.families), r.threads)
                                              : output_ranges(tensor_instance(p, h.families), r.threads);
  if (h.planted && !h.formula) {
    const auto planted = static_cast<std::size_t>(h.planted->front());
    const double yes = ranges[planted].lower;
    double no = -HUGE_VAL;
    for (std::size_t i = 0; i < ranges.size(); ++i)
      if (i != planted) no = std::max(no, ranges[i].upper);
    const double gap = std::nextafter(yes - no, -HUGE_VAL), middle = no + (yes - no) / 2;
    const double epsilon =
        gap > 0 ? std::max(0.0, std::nextafter(std::min(yes - middle, middle - no), 0.0)) : 0.0;
    fields["gap"] = gap;
    fields["epsilon"] = epsilon;
    fields["decision"] = exact_text(middle);
    fields["exact"] = {
        {"B", exact_text(p.entry)}, {"gap", exact_text(gap)}, {"epsilon", exact_text(epsilon)}};
  }
  Json instance = {{"kind", fields["kind"]}, {"family", r.family}, {"seed", r.seed}, {"arity", p.arity}};
  instance.update(fields);
  instance["answer"] = h.planted ? "sat" : "unsat";
  instance["scores"] = {{"yes", promise.yes}, {"no", promise.no}, {"largest_other", h.largest_other}};
  Json files = Json::object();
  std::vector<Receipt> receipts;
  std::vector<std::string> written;
  for (const auto& [matrix, file] : fields["matrices"].items()) written.push_back(file);
  if (h.formula) {
    write_file_atomically(at / "formula.cnf", dimacs_text(*h.formula));
    files["formula"] = "formula.cnf";
    receipts.push_back({"split-and-list",
                        {"formula.cnf"},
                        {"ov.txt"},
                        {{"variables", h.formula->variables},
                         {"clauses", h.formula->clauses.size()},
                         {"arity", p.arity},
                         {"part", part_size(*h.formula, p.arity)},
                         {"vectors", h.families[0].rows()},
                         {"dimension", h.families[0].cols()}},
                        "the parts of a satisfying assignment are orthogonal",
                        "an orthogonal tuple's parts form a satisfying assignment",
                        "inner product 0 against at least 1"});
    instance["witness"] = nullptr;
    if (h.planted) instance["witness"] = literals_of(assignment_of(*h.planted, *h.formula));
  } else {
    instance["witness"] = *h.planted;
  }
  if (orthogonality) {
    VectorFamilies vectors;
    for (const SignMatrix& m : h.families) vectors.families.push_back(bits_of(m, h.families[0].rows()));
    write_file_atomically(at / "ov.txt", vectors_text(vectors));
    files["vectors"] = "ov.txt";
  }
  receipts.push_back(
      {"hard-family", orthogonality ? std::vector<std::string>{"ov.txt"} : std::vector<std::string>{},
       written, fields["threshold"], "planted row above the decision value by epsilon at least",
       "every other row below it by epsilon at least", exact_text(fields["gap"].get<double>())});
  instance["files"] = files;
  instance["receipts"] = "receipts.json";
  write_file_atomically(at / "receipts.json", receipts_json(at, receipts).dump(1) + "\n");
  write_file_atomically(at / "instance.json", instance.dump(1) + "\n");
  folder.publish();
  return instance;
}

}  // namespace attnbounds
