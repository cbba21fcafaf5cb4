*** Settings ***
Documentation    Pays what the rules let a bot pay by itself, and leaves the rest to people.

Library          OperatingSystem
Library          RefereeLibrary    decision_tables/@name@.xlsx

Name             @title@


*** Variables ***
${CASES}    ${CURDIR}/input/cases.xlsx


*** Tasks ***
@title@
    [Documentation]    Other cases: --variable CASES:file.xlsx
    Read Cases    ${CASES}
    On Action    pay    Write Payment Order
    Process Cases


*** Keywords ***
Write Payment Order
    [Documentation]    What the bot does for a case that may be paid; put your own steps here.
    ...    What it returns stands in the audit log and the results.
    [Arguments]    ${case}
    VAR    ${order}    ${OUTPUT DIR}/payments/${case}[id].txt
    Create File    ${order}    Pay ${case}[facts][amount] euros for ${case}[id].\n
    RETURN    ${order}
