// A card as text that reads back as the same card, and its statement in LaTeX.
#include <array>
#include <map>

#include "proofs_check/card/language.hpp"

namespace attnbounds {
namespace {

using Form = Expression::Form;

/// How tightly an expression holds together: sums, products, the sign, powers, the rest.
int strength(const Expression& e) {
  switch (e.form) {
    case Form::add:
    case Form::subtract:
      return 1;
    case Form::multiply:
    case Form::divide:
      return 2;
    case Form::negate:
      return 3;
    case Form::power:
      return 4;
    default:
      return 5;
  }
}

const char* operator_text(Form form) {
  switch (form) {
    case Form::add:
      return " + ";
    case Form::subtract:
      return " - ";
    case Form::multiply:
      return " * ";
    case Form::divide:
      return " / ";
    default:
      return "^";
  }
}

std::string at_strength(const Expression& e, int least) {
  return strength(e) >= least ? text_of(e) : "(" + text_of(e) + ")";
}

std::string joined(const std::vector<Expression>& parts, std::string (*print)(const Expression&)) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : ", ") + print(parts[i]);
  return text;
}

const char* domain_text(Given::Domain domain) {
  switch (domain) {
    case Given::Domain::integers:
      return "integers";
    case Given::Domain::rationals:
      return "rationals";
    case Given::Domain::matrices:
      return "matrices";
    case Given::Domain::layers:
      return "layers";
  }
  return "";
}

std::string latex_at(const Expression& e, int least) {
  return strength(e) >= least || e.form == Form::divide ? latex_of(e)
                                                        : R"(\left()" + latex_of(e) + R"(\right))";
}

}  // namespace

const char* name(Relation relation) {
  switch (relation) {
    case Relation::at_most:
      return "<=";
    case Relation::below:
      return "<";
    case Relation::at_least:
      return ">=";
    case Relation::above:
      return ">";
    case Relation::equal:
      return "=";
  }
  return "";
}

std::string text_of(const Expression& e) {
  switch (e.form) {
    case Form::number:
    case Form::name:
      return e.text;
    case Form::negate:
      return "-" + at_strength(e.parts[0], 3);
    case Form::add:
    case Form::subtract:
    case Form::multiply:
    case Form::divide:  // left-associative
      return at_strength(e.parts[0], strength(e)) + operator_text(e.form) +
             at_strength(e.parts[1], strength(e) + 1);
    case Form::power:  // a primary, and a factor
      return at_strength(e.parts[0], 5) + "^" + at_strength(e.parts[1], 3);
    case Form::call:
      return e.text + "(" + joined(e.parts, text_of) + ")";
    case Form::sum:
    case Form::largest:
      return std::string(e.form == Form::sum ? "sum" : "largest") + "(" + e.text + " in " +
             text_of(e.parts[0]) + " .. " + text_of(e.parts[1]) + ", " + text_of(e.parts[2]) + ")";
  }
  return "";
}

std::string text_of(const Statement& s) {
  return text_of(s.left) + " " + name(s.relation) + " " + text_of(s.right);
}

std::string card_text(const Card& card) {
  std::string text;
  if (!card.title.empty()) text += "title \"" + card.title + "\"\n";
  if (!card.source.empty()) text += "source \"" + card.source + "\"\n";
  std::size_t lets = 0;
  const auto print_lets = [&](std::size_t givens_before) {
    for (; lets < card.lets.size() && card.lets[lets].givens_before == givens_before; ++lets)
      text += "let " + card.lets[lets].name + " = " + text_of(card.lets[lets].value) + "\n";
  };
  for (std::size_t i = 0; i < card.givens.size(); ++i) {
    const Given& g = card.givens[i];
    print_lets(i);
    text += "given " + g.name + " in " + domain_text(g.domain);
    if (!g.shape.empty()) text += "(" + joined(g.shape, text_of) + ")";
    text += " [" + text_of(g.least) + ", " + text_of(g.largest) + "]\n";
  }
  print_lets(card.givens.size());
  for (const Statement& h : card.hypotheses) text += "where " + text_of(h) + "\n";
  return text + "claim " + text_of(card.conclusion) + "\n";
}

std::string latex_name(const std::string& name) {
  static const std::array<const char*, 17> greek = {"alpha", "beta",  "gamma", "delta",  "epsilon", "zeta",
                                                    "eta",   "theta", "kappa", "lambda", "mu",      "nu",
                                                    "rho",   "sigma", "tau",   "phi",    "psi"};
  const std::size_t last = name.find_last_not_of("0123456789");
  const std::string stem = name.substr(0, last + 1), digits = name.substr(last + 1);
  std::string text = stem.size() == 1 ? stem : "";
  for (const char* letter : greek)
    if (stem == letter) text = std::string(stem == "epsilon" ? R"(\var)" : R"(\)") + letter;
  if (text.empty()) {
    text = R"(\mathrm{)";
    for (const char c : stem) text += c == '_' ? std::string(R"(\_)") : std::string(1, c);
    text += "}";
  }
  return digits.empty() ? text : text + "_{" + digits + "}";
}

std::string latex_of(const Expression& e) {
  const auto part = [&](std::size_t i) { return latex_of(e.parts[i]); };
  switch (e.form) {
    case Form::number: {
      const std::size_t exponent = e.text.find_first_of("eE");
      if (exponent == std::string::npos) return e.text;
      return e.text.substr(0, exponent) + R"(\cdot 10^{)" + e.text.substr(exponent + 1) + "}";
    }
    case Form::name:
      return latex_name(e.text);
    case Form::negate:
      return "-" + latex_at(e.parts[0], 3);
    case Form::add:
      return part(0) + " + " + part(1);
    case Form::subtract:
      return part(0) + " - " + latex_at(e.parts[1], 2);
    case Form::multiply:
      return latex_at(e.parts[0], 2) + R"(\,)" + latex_at(e.parts[1], 3);
    case Form::divide:
      return R"(\frac{)" + part(0) + "}{" + part(1) + "}";
    case Form::power:
      return (strength(e.parts[0]) == 5 && e.parts[0].form != Form::call
                  ? part(0)
                  : R"(\left()" + part(0) + R"(\right))") +
             "^{" + part(1) + "}";
    case Form::sum:
      return R"(\sum_{)" + latex_name(e.text) + "=" + part(0) + "}^{" + part(1) + "} " +
             latex_at(e.parts[2], 2);
    case Form::largest:
      return R"(\max_{)" + part(0) + R"(\le )" + latex_name(e.text) + R"(\le )" + part(1) + "} " +
             latex_at(e.parts[2], 2);
    case Form::call:
      break;
  }
  static const std::map<std::string, std::pair<const char*, const char*>> around = {
      {"abs", {R"(\left|)", R"(\right|)"}},
      {"max_norm", {R"(\left\|)", R"(\right\|_\infty)"}},
      {"one_norm", {R"(\left\|)", R"(\right\|_1)"}},
      {"frobenius", {R"(\left\|)", R"(\right\|_F)"}},
      {"frobenius_squared", {R"(\left\|)", R"(\right\|_F^2)"}},
      {"floor", {R"(\left\lfloor )", R"(\right\rfloor)"}},
      {"ceil", {R"(\left\lceil )", R"(\right\rceil)"}},
      {"sqrt", {R"(\sqrt{)", "}"}},
      {"exp", {"e^{", "}"}},
      {"transpose", {R"(\left()", R"(\right)^\top)"}},
      {"inner", {R"(\left\langle )", R"(\right\rangle)"}}};
  if (const auto a = around.find(e.text); a != around.end())
    return a->second.first + joined(e.parts, latex_of) + a->second.second;
  if (e.text == "binomial") return R"(\binom{)" + part(0) + "}{" + part(1) + "}";
  static const std::map<std::string, const char*> heads = {
      {"attention", R"(\mathrm{Att})"},
      {"polynomial_attention", R"(\widetilde{\mathrm{Att}})"},
      {"tensor_attention", R"(\mathrm{Att}^{\otimes})"},
      {"polynomial_tensor_attention", R"(\widetilde{\mathrm{Att}}^{\otimes})"},
      {"phi", R"(\varphi)"},
      {"log", R"(\log)"},
      {"tanh", R"(\tanh)"},
      {"max", R"(\max)"},
      {"min", R"(\min)"},
      {"rank", R"(\mathrm{rank})"}};
  const auto head = heads.find(e.text);
  return (head != heads.end() ? head->second : latex_name(e.text)) + R"(\left()" + joined(e.parts, latex_of) +
         R"(\right))";
}

std::string latex_of(const Statement& s) {
  const std::string relation = s.relation == Relation::at_most    ? R"( \le )"
                               : s.relation == Relation::at_least ? R"( \ge )"
                                                                  : std::string(" ") + name(s.relation) + " ";
  return latex_of(s.left) + relation + latex_of(s.right);
}

}  // namespace attnbounds
