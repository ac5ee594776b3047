// The requests of the exchange protocol, read strictly: an unknown, missing, repeated or
// ill-typed field is refused by its name, and so is another version.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace harness {

enum class bos_policy { model, yes, no };

struct tokenize_request {
    std::string id;
    std::string text;  // any bytes
    bos_policy bos = bos_policy::model;
    bool parse_special = false;
};

enum class position_choice { all, last, listed };

struct evaluate_request {
    std::string id;
    std::vector<uint32_t> tokens;
    position_choice positions = position_choice::all;
    std::vector<uint32_t> listed;  // only with position_choice::listed, as they came
    uint32_t greedy_steps = 0;
};

// Both throw a failure with exit_code::bad_input that names the field.
tokenize_request read_tokenize_request(const std::string & line);
evaluate_request read_evaluate_request(const std::string & line);

}  // namespace harness
