#include "messages.hpp"

#include <limits>

#include "object_reader.hpp"

namespace harness {
namespace {

constexpr size_t id_max = 64;
// What a number of the protocol can be; what the model or the context cannot take is declined later.
constexpr uint64_t number_max = std::numeric_limits<uint32_t>::max();

// Every request begins with its schema and its id, which is returned.
std::string read_head(object_reader & object, const std::string & known) {
    const std::string found = object.text("schema");
    if (found != known) {
        object.refuse("schema", "found " + quoted(found) + ", this reader knows " + quoted(known));
    }
    const std::string id = object.text("id");
    bool sound = !id.empty() && id.size() <= id_max;
    for (const char c : id) {
        sound = sound && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-');
    }
    if (!sound) {
        object.refuse("id", "expected 1 to 64 characters of a-z, 0-9 and -, found " + shown(id));
    }
    return id;
}

uint32_t to_number(const object_reader & object, const std::string & name, const json & value, uint64_t largest) {
    if (!value.is_number_unsigned() || value.get<uint64_t>() > largest) {
        object.refuse(name, "expected a whole number from 0 to " + std::to_string(largest) + ", found " + shown(value));
    }
    return static_cast<uint32_t>(value.get<uint64_t>());
}

std::vector<uint32_t> to_numbers(const object_reader & object, const std::string & name, const json & value,
                                 uint64_t largest) {
    if (!value.is_array()) {
        object.refuse(name, "expected a list of whole numbers");
    }
    std::vector<uint32_t> numbers;
    numbers.reserve(value.size());
    for (const json & item : value) {
        numbers.push_back(to_number(object, name, item, largest));
    }
    return numbers;
}

std::string read_text(object_reader & object) {
    const json & value = object.field("text");
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (!value.is_object()) {
        object.refuse("text", "expected a string or {\"bytes\": [...]}");
    }
    object_reader raw(value, "text.");
    const std::vector<uint32_t> bytes = to_numbers(raw, "bytes", raw.field("bytes"), 255);
    raw.finish();
    return std::string(bytes.begin(), bytes.end());
}

bos_policy read_bos(object_reader & object) {
    const std::string word = object.text("bos");
    if (word == "model") {
        return bos_policy::model;
    }
    if (word == "yes") {
        return bos_policy::yes;
    }
    if (word != "no") {
        object.refuse("bos", "expected \"model\", \"yes\" or \"no\"");
    }
    return bos_policy::no;
}

void read_positions(object_reader & object, evaluate_request & request) {
    const json & value = object.field("positions");
    if (value.is_array()) {
        request.positions = position_choice::listed;
        request.listed = to_numbers(object, "positions", value, number_max);
    } else if (value == "all") {
        request.positions = position_choice::all;
    } else if (value == "last") {
        request.positions = position_choice::last;
    } else {
        object.refuse("positions", "expected \"all\", \"last\" or a list of positions");
    }
}

}  // namespace

tokenize_request read_tokenize_request(const std::string & line) {
    const json parsed = parse_object(line);
    object_reader object(parsed, "");
    tokenize_request request;
    request.id = read_head(object, "lockstep/tokenize-request/v1");
    request.text = read_text(object);
    request.bos = read_bos(object);
    request.parse_special = object.boolean("parse_special");
    object.finish();
    return request;
}

evaluate_request read_evaluate_request(const std::string & line) {
    const json parsed = parse_object(line);
    object_reader object(parsed, "");
    evaluate_request request;
    request.id = read_head(object, "lockstep/evaluate-request/v1");
    request.tokens = to_numbers(object, "tokens", object.field("tokens"), number_max);
    read_positions(object, request);
    request.greedy_steps = to_number(object, "greedy_steps", object.field("greedy_steps"), number_max);
    object.finish();
    return request;
}

}  // namespace harness
