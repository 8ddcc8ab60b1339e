#include "reductions/chain/reduce.hpp"

#include <unistd.h>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "reductions/cnf/sparsify.hpp"
#include "reductions/gradient/decision.hpp"
#include "reductions/orthogonal_vectors/split_and_list.hpp"
#include "reductions/receipt/receipt.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// The first line that is no comment decides between the formats.
bool is_vector_file(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (!line.starts_with('c')) return line.starts_with("p ov");
    at = end + 1;
  }
  return false;
}

std::vector<long> row_counts(const VectorFamilies& f) {
  std::vector<long> result;
  for (const BitMatrix& family : f.families) result.push_back(family.rows);
  return result;
}

void refuse_if_too_large(const ThresholdParameters& p) {
  long entries = 0;
  for (const long rows : p.rows) {
    if (p.columns() > kMostEntries / (rows + 1)) entries = kMostEntries + 1;
    else entries += (rows + 1) * p.columns();
    if (entries > kMostEntries)
      throw InputError("reduce", "matrices of at most 2^28 entries (2 GiB)",
                       std::to_string(rows) + " rows of " + std::to_string(p.columns()) + " columns");
  }
}

Json threshold_json(const ThresholdParameters& p) {
  return {{"rows", p.rows},
          {"dimension", p.dimension},
          {"sign", static_cast<int>(p.promise.sign)},
          {"yes_score", p.promise.yes},
          {"no_score", p.promise.no},
          {"bias_columns", p.bias_columns},
          {"entry", exact_text(p.entry)},
          {"bias", exact_text(p.bias)}};
}

std::string fraction(const Interval& x) {
  return "[" + decimal_down(lower(x), 12) + ", " + decimal_up(upper(x), 12) + "]";
}

}  // namespace

NewFolder::NewFolder(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  if (path_.filename().empty()) path_ = path_.parent_path();  // DIR/
  if (fs::exists(path_, error) && !(fs::is_directory(path_, error) && fs::is_empty(path_, error)))
    throw InputError(path_.string(), "a folder that does not exist yet, or an empty one", "something else");
  beside_ = path_.string() + ".partial-" + std::to_string(getpid());
  if (!fs::create_directories(beside_, error) || error)
    throw InputError(path_.string(), "a place where a folder can be made", error.message());
}
NewFolder::~NewFolder() {
  std::error_code ignored;
  if (!beside_.empty()) fs::remove_all(beside_, ignored);
}
void NewFolder::publish() {
  std::error_code error;
  fs::remove(path_, error);  // an empty folder, or nothing
  fs::rename(beside_, path_, error);
  if (error) throw InputError(path_.string(), "a folder that can be written", error.message());
  beside_.clear();
}

Json attention_fields(const ThresholdParameters& p) {
  const WorkingPrecision precision(Bits{128});
  const ThresholdGuarantee g = guarantee(p);
  const double gap = round_down(g.yes_output - g.no_output);
  const double yes_side = round_down(g.yes_output - enclose(Rational(1, 2)));
  const double no_side = round_down(enclose(Rational(1, 2)) - g.no_output);
  const double epsilon = std::max(0.0, std::min(yes_side, no_side));
  return {{"kind", p.arity == 2 ? "matrix" : "tensor"},
          {"n", p.tokens()},
          {"d", p.columns()},
          {"B", p.entry},
          {"kappa", kappa_of(p)},
          {"least_kappa", least_kappa(p.rows, p.dimension, p.promise)},
          {"exponent", p.arity == 2 ? "1/2" : "1/3"},
          {"gap", gap},
          {"epsilon", epsilon},
          {"decision", "1/2"},
          {"exact", {{"B", exact_text(p.entry)}, {"gap", exact_text(gap)}, {"epsilon", exact_text(epsilon)}}},
          {"threshold", threshold_json(p)}};
}

Json write_attention(const ThresholdParameters& p, const std::vector<SignMatrix>& families,
                     const fs::path& folder) {
  if (p.arity == 2) {
    const AttentionInput in = matrix_instance(p, families);
    write_npy(folder / "q.npy", in.q);
    write_npy(folder / "k.npy", in.k);
    write_npy(folder / "v.npy", in.v);
    return {{"q", "q.npy"}, {"k", "k.npy"}, {"v", "v.npy"}};
  }
  const TensorAttentionInput in = tensor_instance(p, families);
  write_npy(folder / "q.npy", in.q);
  write_npy(folder / "k.npy", in.k1);
  write_npy(folder / "k2.npy", in.k2);
  write_npy(folder / "v.npy", in.v1);
  write_npy(folder / "v2.npy", in.v2);
  return {{"q", "q.npy"}, {"k", "k.npy"}, {"v", "v.npy"}, {"k2", "k2.npy"}, {"v2", "v2.npy"}};
}

namespace {

/// X = I (tensor loss: X_{a,(a,a)} = 1), Y = I of one column, E = 0.
Json write_gradient(const ThresholdParameters& p, const std::vector<SignMatrix>& families,
                    const fs::path& folder) {
  const Matrix<double> one = Matrix<double>::Identity(1, 1);
  const Eigen::Index d = p.columns();
  Matrix<double> x = Matrix<double>::Zero(d, p.arity == 2 ? d : d * d);
  for (Eigen::Index a = 0; a < d; ++a) x(a, p.arity == 2 ? a : a * d + a) = 1;
  Json names = Json::object();
  const auto write = [&](const std::string& name, const Matrix<double>& m) {
    write_npy(folder / (name + ".npy"), m);
    names[name] = name + ".npy";
  };
  if (p.arity == 2) {
    const AttentionInput in = matrix_instance(p, families);
    write("A1", in.q);
    write("A2", in.k);
    write("A3", in.v);
    write("X", x);
    write("Y", one);
  } else {
    const TensorAttentionInput in = tensor_instance(p, families);
    write("A1", in.q);
    write("A2", in.k1);
    write("A3", in.k2);
    write("A4", in.v1);
    write("A5", in.v2);
    write("X", x);
    write("Y1", one);
    write("Y2", one);
  }
  write("E", Matrix<double>::Zero(p.rows[0], 1));
  return names;
}

/// The reduction of one formula, or of vectors, into a folder that exists.
Json write_reduction(const std::optional<Formula>& formula, const VectorFamilies& vectors,
                     const ReduceRequest& request, const fs::path& at) {
  const long arity = vectors.arity();

  std::vector<Receipt> receipts;
  Json instance = {{"kind", "ov"}, {"family", "reduction"}, {"seed", 0}};
  Json files = Json::object();
  if (formula) {
    write_file_atomically(at / "formula.cnf", dimacs_text(*formula));
    files["formula"] = "formula.cnf";
    receipts.push_back({"split-and-list",
                        {"formula.cnf"},
                        {"ov.txt"},
                        {{"variables", formula->variables},
                         {"clauses", formula->clauses.size()},
                         {"arity", arity},
                         {"part", part_size(*formula, arity)},
                         {"vectors", vectors.families[0].rows},
                         {"dimension", vectors.dimension()}},
                        "the parts of a satisfying assignment are orthogonal",
                        "an orthogonal tuple's parts form a satisfying assignment",
                        "inner product 0 against at least 1"});
  }
  write_file_atomically(at / "ov.txt", vectors_text(vectors));
  files["vectors"] = "ov.txt";
  instance["arity"] = arity;
  instance["n"] = vectors.families[0].rows;
  instance["d"] = vectors.dimension();

  std::optional<GapInnerProduct> gap;
  if (request.target == Target::gap || (request.target != Target::vectors && request.route == Route::gap)) {
    ProtocolParameters p{arity, vectors.dimension(), 1, 1, 2, request.code};
    if (request.protocol) {
      p.nodes = request.protocol->nodes;
      p.columns = request.protocol->columns;
      p.field = request.protocol->field;
      p.validate();
      if (protocol_bits(p, vectors.families[0].rows) > kMostEntries)
        throw InputError("protocol parameters", "families of at most 2^28 bits", "more");
    } else {
      p = smallest_protocol(arity, vectors.dimension(), vectors.families[0].rows, 1L << 25, request.code);
    }
    gap = Protocol(p).reduce(vectors);
    write_file_atomically(at / "maxip.txt", gap_text(*gap));
    files["inner_products"] = "maxip.txt";
    const bool hermitian = p.code == CodeKind::hermitian;
    instance["protocol"] = {{"code", hermitian ? "hermitian" : "reed-solomon"},
                            {"nodes", p.nodes},
                            {"columns", p.columns},
                            {"field", p.field},
                            {"checks", p.checks()},
                            {"advices", p.advices()},
                            {"yes", gap->yes},
                            {"no", gap->no},
                            {"dimension", p.new_dimension()}};
    receipts.push_back(
        {hermitian ? "merlin-arthur-hermitian" : "merlin-arthur-reed-solomon",
         {"ov.txt"},
         {"maxip.txt"},
         instance["protocol"],
         "for the right advice every one of the " + std::to_string(gap->yes) +
             " checks accepts an orthogonal tuple",
         hermitian
             ? "characteristic > T, and two functions with poles of order at most D agree in at most D points"
             : "q > T, and a polynomial of degree K (l - 1) agrees with another in at most K (l - 1) points",
         "inner product " + std::to_string(gap->yes) + " against at most " + std::to_string(gap->no)});
    instance["kind"] = "maxip";
    instance["d"] = p.new_dimension();
    instance["n"] = gap->families.families.back().rows;
  }

  if (request.target == Target::attention || request.target == Target::gradient) {
    const VectorFamilies& families = gap ? gap->families : vectors;
    const ScorePromise promise = gap ? promise_of(*gap) : orthogonality_promise();
    const bool to_gradient = request.target == Target::gradient;
    const std::vector<long> rows = row_counts(families);
    const Rational margin = to_gradient ? std::max(request.margin, gradient_margin(rows[0])) : request.margin;
    const ThresholdParameters p =
        request.kappa ? threshold_for_kappa(rows, families.dimension(), promise, *request.kappa)
                      : threshold_for_margin(rows, families.dimension(), promise, margin);
    refuse_if_too_large(p);
    Json fields = attention_fields(p);
    if (fields["epsilon"].get<double>() == 0)
      throw InputError("--kappa",
                       "at least " + std::to_string(least_kappa(rows, families.dimension(), promise)) +
                           " for these vectors (below, no and yes are not separated)",
                       exact_text(*request.kappa));
    std::vector<SignMatrix> signs;
    for (const BitMatrix& family : families.families) signs.push_back(sign_matrix(family));
    const WorkingPrecision precision(Bits{128});
    const ThresholdGuarantee g = guarantee(p);
    std::vector<std::string> written;
    if (to_gradient) {
      const long d = p.columns(), n = rows[0], most = arity == 2 ? 1L << 13 : 1L << 8;
      if (d > most)
        throw InputError(
            "--to gradient",
            "at most " + std::to_string(most) + " columns (X is " + (arity == 2 ? "d x d)" : "d x d^2)"),
            std::to_string(d));
      // YES: f(1) >= yes^2; NO: f(1) <= n no^2.
      const Interval yes = g.yes_output * g.yes_output, no = enclose(Rational(n)) * g.no_output * g.no_output;
      const Interval third = enclose(gradient_decision_value());
      if (!(lower(yes) > upper(third)) || !(upper(no) < lower(third)))
        throw InputError("--kappa", "a larger one: |Att|^2 does not separate", exact_text(*request.kappa));
      fields["kind"] = arity == 2 ? "matrix-gradient" : "tensor-gradient";
      fields["decision"] = "1/3";
      fields["gap"] = round_down(yes - no);
      const Rational epsilon(1, 16 * d);
      fields["epsilon"] = round_down(epsilon);
      fields["exact"] = {{"B", exact_text(p.entry)},
                         {"gap", exact_text(round_down(yes - no))},
                         {"epsilon", exact_text(epsilon)}};
      fields["oracle"] =
          "dL/dX at X = lambda I for the nodes lambda of a Gauss-Legendre rule; each entry may err by "
          "epsilon";
      fields["matrices"] = write_gradient(p, signs, at);
    } else {
      fields["matrices"] = write_attention(p, signs, at);
    }
    for (const auto& [matrix, file] : fields["matrices"].items()) written.push_back(file);
    instance.update(fields);
    instance["answer"] = nullptr;
    instance["witness"] = nullptr;
    Json parameters = fields["threshold"];
    parameters["kappa"] = fields["kappa"];
    parameters["epsilon"] = fields["exact"]["epsilon"];
    receipts.push_back(
        {to_gradient ? "attention-gradient"
         : gap       ? "gap-attention"
                     : "orthogonality-attention",
         {gap ? "maxip.txt" : "ov.txt"},
         written,
         parameters,
         to_gradient ? "|Att|^2 is at least the square of an output in " + fraction(g.yes_output)
                     : "some output is at least " + decimal_down(lower(g.yes_output), 12),
         to_gradient ? "|Att|^2 is at most n times the square of an output in " + fraction(g.no_output)
                     : "every output is at most " + decimal_up(upper(g.no_output), 12),
         exact_text(fields["gap"].get<double>())});
  }
  instance["files"] = files;
  instance["receipts"] = "receipts.json";
  write_file_atomically(at / "receipts.json", receipts_json(at, receipts).dump(1) + "\n");
  write_file_atomically(at / "instance.json", instance.dump(1) + "\n");
  return instance;
}

Json tree_json(const Sparsification& s) {
  Json nodes = Json::array();
  for (const SparsifierNode& node : s.nodes) {
    if (node.leaf >= 0) nodes.push_back({{"leaf", node.leaf}});
    else
      nodes.push_back({{"heart", node.heart},
                       {"petals", node.petals},
                       {"with_heart", node.with_heart},
                       {"with_petals", node.with_petals}});
  }
  return nodes;
}

/// formula.cnf, leaf-I.cnf and a folder leaf-I for every leaf.
Json write_disjunction(const Formula& formula, const ReduceRequest& request, const fs::path& at) {
  const Sparsification s = sparsify(formula, *request.sparsify);
  std::size_t most = 0;
  for (const Formula& leaf : s.leaves) most = std::max(most, leaf.clauses.size());
  Json instance = {{"kind", "disjunction"},
                   {"family", "reduction"},
                   {"seed", 0},
                   {"sparsification",
                    {{"theta", s.theta},
                     {"leaves", s.leaves.size()},
                     {"clauses", formula.clauses.size()},
                     {"most_clauses_of_a_leaf", most},
                     {"bound", s.most_clauses}}}};
  write_file_atomically(at / "formula.cnf", dimacs_text(formula));
  Receipt receipt{"sparsify",
                  {"formula.cnf"},
                  {},
                  instance["sparsification"],
                  "a satisfying assignment satisfies the heart or all petals at each branching",
                  "every leaf's clauses imply the formula's",
                  "none"};
  receipt.parameters["branches"] = tree_json(s);
  Json leaves = Json::array();
  long entries = 0;
  for (std::size_t i = 0; i < s.leaves.size(); ++i) {
    const std::string name = "leaf-" + std::to_string(i);
    write_file_atomically(at / (name + ".cnf"), dimacs_text(s.leaves[i]));
    receipt.out.push_back(name + ".cnf");
    leaves.push_back(name);
    fs::create_directory(at / name);
    const Json leaf = write_reduction(s.leaves[i], split_and_list(s.leaves[i], request.arity.value_or(2)),
                                      request, at / name);
    entries += leaf["n"].get<long>() * leaf["d"].get<long>();
    if (entries > kMostEntries)
      throw InputError("--sparsify", "a larger threshold: leaves of at most 2^28 entries in all",
                       std::to_string(s.theta));
    for (const char* field : {"n", "d", "B", "kappa"})
      if (leaf.contains(field) && (!instance.contains(field) || instance[field] < leaf[field]))
        instance[field] = leaf[field];
    for (const char* field : {"gap", "epsilon"})
      if (leaf.contains(field) && (!instance.contains(field) || leaf[field] < instance[field]))
        instance[field] = leaf[field];
    for (const char* field : {"arity", "exponent"})
      if (leaf.contains(field)) instance[field] = leaf[field];
  }
  instance["answer"] = nullptr;
  instance["witness"] = nullptr;
  instance["matrices"] = Json::object();
  instance["leaves"] = leaves;
  instance["files"] = {{"formula", "formula.cnf"}};
  instance["receipts"] = "receipts.json";
  write_file_atomically(at / "receipts.json", receipts_json(at, {receipt}).dump(1) + "\n");
  write_file_atomically(at / "instance.json", instance.dump(1) + "\n");
  return instance;
}

}  // namespace

namespace {

struct Source {
  std::optional<Formula> formula;
  std::optional<VectorFamilies> vectors;  // of a file of vectors
};
Source read_source(const fs::path& input, const std::optional<long>& arity) {
  const std::string text = read_file(input);
  if (!is_vector_file(text)) return {formula_from_dimacs(text, input.string()), {}};
  Source source{{}, vectors_from_text(text, input.string())};
  if (arity && *arity != source.vectors->arity())
    throw InputError("--arity", "that of the file, " + std::to_string(source.vectors->arity()),
                     std::to_string(*arity));
  return source;
}

}  // namespace

VectorSizes vector_sizes(const fs::path& input, std::optional<long> arity) {
  const Source source = read_source(input, arity);
  if (source.vectors)
    return {source.vectors->families[0].rows, source.vectors->dimension(), source.vectors->arity()};
  const long families = arity.value_or(2), part = part_size(*source.formula, families);
  if (part > 30)
    throw InputError("formula", "at most " + std::to_string(30 * families) + " variables",
                     std::to_string(source.formula->variables));
  return {1L << part, static_cast<long>(source.formula->clauses.size()), families};
}

Json reduce(const fs::path& input, const ReduceRequest& request, const fs::path& output) {
  const auto [formula, listed] = read_source(input, request.arity);
  if (request.sparsify && !formula) throw InputError("--sparsify", "a formula", "a file of vectors");
  const VectorFamilies vectors = listed             ? *listed
                                 : request.sparsify ? VectorFamilies{}
                                                    : split_and_list(*formula, request.arity.value_or(2));
  NewFolder folder(output);
  const Json instance = request.sparsify ? write_disjunction(*formula, request, folder.beside())
                                         : write_reduction(formula, vectors, request, folder.beside());
  folder.publish();
  return instance;
}

}  // namespace attnbounds
