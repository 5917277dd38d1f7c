// Puts all mutants of a source file into it at once: `a + b` becomes `(__mutant(7) ? a - b : a + b)`. Types, error messages
// and constants outside functions stay as they are.
import ts from 'typescript';

const swaps = new Map(
  Object.entries({
    '+': ['-'],
    '-': ['+'],
    '*': ['/'],
    '/': ['*'],
    '%': ['*'],
    '<': ['<=', '>='],
    '<=': ['<', '>'],
    '>': ['>=', '<='],
    '>=': ['>', '<'],
    '===': ['!=='],
    '!==': ['==='],
    '&&': ['||'],
    '||': ['&&'],
    '??': ['&&'],
    '<<': ['>>'],
    '>>': ['<<'],
    '>>>': ['<<'],
    '&': ['|'],
    '|': ['&'],
  }),
);
const assignments = new Map(Object.entries({ '+=': '-=', '-=': '+=', '*=': '/=', '|=': '&=', '&=': '|=' }));
const methods = new Map(
  Object.entries({ min: 'max', max: 'min', floor: 'ceil', ceil: 'floor', every: 'some', some: 'every' }),
);

/**
 * @param first number of the first mutant
 * @returns the TypeScript with every mutant in it, and where each is: { id, line, from, to }
 */
export function mutate(source, file, first) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true);
  const mutants = [];
  const text = (node) => source.slice(node.getStart(tree), node.end);

  /** The node's text, with mutants in its children. */
  const inside = (node, depth) => {
    let out = '';
    let at = node.getStart(tree);
    ts.forEachChild(node, (child) => {
      const start = child.getStart(tree);
      out += source.slice(at, start) + visit(child, depth);
      at = child.end;
    });
    return out + source.slice(at, node.end);
  };

  const visit = (node, depth) => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return text(node);
    if (ts.isThrowStatement(node) || ts.isImportDeclaration(node) || ts.isTemplateExpression(node)) return text(node);
    const deeper = ts.isFunctionLike(node) ? depth + 1 : depth;
    const plain = inside(node, deeper);
    if (depth === 0) return plain;
    const variants = variantsOf(node, text).filter((variant) => variant !== text(node));
    return variants.reduce((rest, variant) => {
      const id = first + mutants.length;
      const line = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
      mutants.push({ id, line, from: text(node), to: variant });
      if (ts.isStatement(node)) return `if (__mutant(${id})) {} else ${rest}`;
      return `(__mutant(${id}) ? ${variant} : ${rest})`;
    }, plain);
  };
  return { code: inside(tree, 0), mutants };
}

/** What a node might have been by mistake. */
function variantsOf(node, text) {
  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken.getText();
    const [left, right] = [text(node.left), text(node.right)];
    const assigned = assignments.get(operator);
    if (assigned) return [`(${left} ${assigned} ${right})`];
    return (swaps.get(operator) ?? []).map((other) => `((${left}) ${other} (${right}))`);
  }
  if (ts.isConditionalExpression(node)) return [`(${text(node.whenTrue)})`, `(${text(node.whenFalse)})`];
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    return [`(${text(node.operand)})`];
  if (ts.isNumericLiteral(node) && ts.isExpression(node) && !ts.isPropertyAssignment(node.parent)) {
    return [`(${text(node)} + 1)`];
  }
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const other = methods.get(node.expression.name.text);
    return other ? [text(node).replace(`.${node.expression.name.text}(`, `.${other}(`)] : [];
  }
  if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) return [''];
  if (ts.isContinueStatement(node)) return [''];
  return [];
}
