#include "commands.hpp"
#include "error.hpp"
#include "gguf_facts.hpp"
#include "llama_api.hpp"
#include "log.hpp"
#include "messages.hpp"

namespace harness {
namespace {

const char * const response_schema = "lockstep/tokenize-response/v1";

// A piece as text if it is valid UTF-8, else as bytes. The library's own strict writer decides,
// so that there is one idea of valid UTF-8 in the program.
json piece_object(const std::string & bytes) {
    try {
        (void) json(bytes).dump();
        return json{{"text", bytes}};
    } catch (const json::exception &) {
        json numbers = json::array();
        for (const char byte : bytes) {
            numbers.push_back(static_cast<unsigned char>(byte));
        }
        return json{{"bytes", numbers}};
    }
}

json answer(const llama_model * model, const tokenize_request & request) {
    std::vector<llama_token> tokens =
        tokenize(model, request.text, request.bos == bos_policy::model, request.parse_special);
    if (request.bos == bos_policy::yes) {
        const llama_token bos = bos_token(model);
        if (bos < 0) {
            throw declined("bos: the vocabulary has no BOS token");
        }
        tokens.insert(tokens.begin(), bos);
    }
    json pieces = json::array();
    for (const llama_token token : tokens) {
        pieces.push_back(piece_object(piece(model, token)));
    }
    return json{{"schema", response_schema}, {"id", request.id}, {"ids", tokens}, {"pieces", pieces}};
}

}  // namespace

void tokenize_lines(const std::string & model_path) {
    require_readable(model_path);
    const model_ptr model = load_model(model_path, load::vocabulary);
    if (!model) {
        throw failure(exit_code::unavailable, model_path + ": " + take_last_errors("the library refuses its vocabulary"));
    }
    if (!has_vocabulary(model.get())) {
        throw failure(exit_code::unavailable, model_path + ": the file holds no vocabulary");
    }
    for_each_line([&model](const std::string & line) {
        const tokenize_request request = read_tokenize_request(line);
        try {
            write_line(answer(model.get(), request));
        } catch (const declined & error) {
            write_line(error_answer(response_schema, request.id, error.what()));
        }
    });
}

}  // namespace harness
