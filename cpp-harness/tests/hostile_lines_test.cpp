// Lines that attack the readers of requests: nesting, odd numbers and names, and each kind of wrong
// value in each field. messages_test.cpp has what is read, and a wrong request of each kind.

#include <vector>

#include "checks.hpp"
#include "messages.hpp"

namespace {

using checks::check;
using checks::refuses;
using harness::exit_code;

const std::string tokenize_schema = R"("schema":"lockstep/tokenize-request/v1")";
const std::string evaluate_schema = R"("schema":"lockstep/evaluate-request/v1")";

// A request line made of a schema and the rest of its fields.
std::string object(const std::string & schema, const std::string & fields) { return "{" + schema + "," + fields + "}"; }

void refuses_tokenize(const std::string & line, const std::string & part, const std::string & claim) {
    refuses([&line] { harness::read_tokenize_request(line); }, exit_code::bad_input, part, claim);
}

void refuses_evaluate(const std::string & line, const std::string & part, const std::string & claim) {
    refuses([&line] { harness::read_evaluate_request(line); }, exit_code::bad_input, part, claim);
}

void refuses_what_is_no_object() {
    const std::string nested = R"("id":"a","bos":"no","parse_special":false,"text":)";
    const std::string deep = std::string(100000, '[') + std::string(100000, ']');
    refuses_tokenize("", "not JSON", "an empty line");
    refuses_tokenize("{", "not JSON", "half an object");
    refuses_tokenize("tokens", "not JSON", "a bare word");
    refuses_tokenize("[]", "expected a JSON object", "a list");
    refuses_tokenize("null", "expected a JSON object", "null");
    refuses_tokenize("{} {}", "not JSON", "two objects on a line");
    refuses_tokenize("{\"schema\":\"\xff\"}", "not JSON", "bytes that are not UTF-8");
    refuses_tokenize(R"({"schema":"\ud800"})", "not JSON", "half a surrogate pair");
    refuses_tokenize("\xEF\xBB\xBF{}", "byte order mark", "a byte order mark");
    refuses_tokenize("{/**/}", "not JSON", "a comment");
    refuses_tokenize(object(tokenize_schema, nested + "\"x\"") + std::string("\0 more", 6), "zero byte", "a zero byte");
    refuses_tokenize(R"({"schema":NaN})", "not JSON", "NaN");
    refuses_tokenize(deep, "nested deeper", "100000 brackets");
    refuses_tokenize(object(tokenize_schema, nested + deep), "nested deeper", "brackets in a field");
    refuses_tokenize(object(tokenize_schema, nested + "{\"bytes\":[" + deep + "]}"), "nested deeper",
                     "brackets among bytes");
}

void refuses_bad_schemas_and_ids() {
    const std::string rest = R"(,"text":"x","bos":"no","parse_special":false})";
    refuses_tokenize(R"({"id":"a")" + rest, "missing field `schema`", "no schema");
    refuses_tokenize(R"({"schema":1,"id":"a")" + rest, "`schema`", "a schema that is a number");
    refuses_tokenize(R"({"schema":"lockstep/tokenize-request/v2","id":"a","surprise":1)" + rest, "tokenize-request/v2",
                     "another version, named before its fields");
    refuses_tokenize(R"({"schema":"lockstep/evaluate-request/v1","id":"a")" + rest, "`schema`", "another kind");
    const std::vector<std::string> bad_ids = {"\"\"",     "\"A\"",      "\"a_b\"", "\"../a\"", "\"a/b\"",
                                              "\"a.b\"",  "\"a b\"",    "\"\\u0000\"", "\"\\u00e9\"", "7",
                                              "null",     "[\"a\"]",    "\"" + std::string(65, 'a') + "\""};
    for (const std::string & id : bad_ids) {
        refuses_tokenize("{" + tokenize_schema + ",\"id\":" + id + rest, "`id`", "id " + id);
    }
    refuses_tokenize("{" + tokenize_schema + rest, "missing field `id`", "no id");
    refuses_tokenize("{" + tokenize_schema + R"(,"id":"a","id":"a")" + rest, "duplicate field `id`", "two ids");
}

void refuses_bad_tokenize_fields() {
    const std::string id = R"("id":"a",)";
    const std::string end = R"(,"bos":"no","parse_special":false)";
    for (const std::string text : {"1", "null", "true", "[]", "[65]"}) {
        refuses_tokenize(object(tokenize_schema, id + "\"text\":" + text + end), "`text`", "text " + text);
    }
    for (const std::string byte : {"256", "-1", "1.0", "1e1", "\"1\"", "null", "[1]", "99999999999999999999"}) {
        refuses_tokenize(object(tokenize_schema, id + "\"text\":{\"bytes\":[" + byte + "]}" + end), "`text.bytes`",
                         "byte " + byte);
    }
    refuses_tokenize(object(tokenize_schema, id + "\"text\":{}" + end), "missing field `text.bytes`", "no bytes");
    refuses_tokenize(object(tokenize_schema, id + "\"text\":{\"bytes\":7}" + end), "`text.bytes`", "bytes no list");
    refuses_tokenize(object(tokenize_schema, id + R"("text":{"bytes":[],"more":1})" + end), "unknown field `text.more`",
                     "a field beside bytes");
    refuses_tokenize(object(tokenize_schema, id + R"("text":{"bytes":[],"bytes":[]})" + end), "duplicate field `bytes`",
                     "bytes twice");
    for (const std::string bos : {"true", "\"maybe\"", "\"\"", "null", "\"YES\""}) {
        refuses_tokenize(object(tokenize_schema, id + R"("text":"x","parse_special":false,"bos":)" + bos), "`bos`",
                         "bos " + bos);
    }
    for (const std::string word : {"0", "\"false\"", "null", "[]"}) {
        refuses_tokenize(object(tokenize_schema, id + R"("text":"x","bos":"no","parse_special":)" + word),
                         "`parse_special`", "parse_special " + word);
    }
    for (const std::string missing : {"text", "bos", "parse_special"}) {
        std::string line = object(tokenize_schema, id + "\"text\":\"x\"" + end);
        line.replace(line.find("\"" + missing + "\""), missing.size() + 2, "\"other\"");
        refuses_tokenize(line, "missing field `" + missing + "`", "no " + missing);
    }
    refuses_tokenize(object(tokenize_schema, id + "\"text\":\"x\",\"surprise\":1" + end), "unknown field `surprise`",
                     "an unknown field");
    refuses_tokenize(object(tokenize_schema, id + R"("text":"x","a\u001b[31m":1)" + end), "`a\\u001b[31m`",
                     "an unknown field, escaped for a terminal");
}

void refuses_bad_evaluate_fields() {
    const std::vector<std::string> bad_numbers = {"-1", "-0", "1.0", "1e2", "4294967296",
                                                  "18446744073709551616", "\"1\"", "null", "true", "[1]", "{}"};
    for (const std::string & number : bad_numbers) {
        const std::string tokens = R"("id":"a","positions":"all","greedy_steps":0,"tokens":[1,)" + number + "]";
        refuses_evaluate(object(evaluate_schema, tokens), "`tokens`", "token " + number);
        const std::string positions = R"("id":"a","tokens":[1],"greedy_steps":0,"positions":[)" + number + "]";
        refuses_evaluate(object(evaluate_schema, positions), "`positions`", "position " + number);
        const std::string steps = R"("id":"a","tokens":[1],"positions":"all","greedy_steps":)" + number;
        refuses_evaluate(object(evaluate_schema, steps), "`greedy_steps`", "greedy_steps " + number);
    }
    for (const std::string word : {"\"some\"", "\"\"", "1", "null", "{}", "true"}) {
        refuses_evaluate(object(evaluate_schema, R"("id":"a","tokens":[1],"greedy_steps":0,"positions":)" + word),
                         "`positions`", "positions " + word);
    }
    for (const std::string word : {"\"1\"", "1", "null", "{}"}) {
        refuses_evaluate(object(evaluate_schema, R"("id":"a","positions":"all","greedy_steps":0,"tokens":)" + word),
                         "`tokens`", "tokens " + word);
    }
    for (const std::string missing : {"id", "tokens", "positions", "greedy_steps"}) {
        std::string line = object(evaluate_schema, R"("id":"a","tokens":[1],"positions":"all","greedy_steps":0)");
        line.replace(line.find("\"" + missing + "\""), missing.size() + 2, "\"other\"");
        refuses_evaluate(line, "missing field `" + missing + "`", "no " + missing);
    }
    refuses_evaluate(object(evaluate_schema, R"("id":"a","tokens":[1],"positions":"all","greedy_steps":0,"trace":[])"),
                     "unknown field `trace`", "a field of a later version");
    refuses_evaluate(object(evaluate_schema, R"("id":"a","tokens":[1],"tokens":[2],"positions":"all","greedy_steps":0)"),
                     "duplicate field `tokens`", "tokens twice");
}

}  // namespace

int main() {
    refuses_what_is_no_object();
    refuses_bad_schemas_and_ids();
    refuses_bad_tokenize_fields();
    refuses_bad_evaluate_fields();
    return checks::report();
}
